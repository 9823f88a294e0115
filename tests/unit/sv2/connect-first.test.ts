import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { judgeSetup, MINING_PROTOCOL } from '../../../protocols/sv2/common.ts';
import { miningProtocol } from '../../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../../runtime/sv2/handshake-workers.ts';
import { listenSv2 } from '../../../runtime/sv2/listen.ts';

const script = new URL('./connect-first.ts', import.meta.url);

async function outcome(port: number): Promise<unknown> {
  const child = fork(script, [String(port)], { execArgv: [] });
  const exited = once(child, 'exit');
  const [message] = await Promise.race([once(child, 'message'), exited]);
  await exited;
  return message;
}

test('a process that connects first thing is connected, or told why not', async (t) => {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const secretKey = Uint8Array.from(randomBytes(32));
  const listener = await listenSv2({
    host: '127.0.0.1',
    port: 0,
    protocol: miningProtocol,
    keys: { secretKey, publicKey: curve.xOnly(curve.publicKey(secretKey)) },
    certificateSeconds: 3600,
    frameCap: 1024,
    workers,
    log: createLog('test', 'silent'),
    accept: (setup) => judgeSetup(setup, { protocol: MINING_PROTOCOL, supportedFlags: 0 }),
    onConnection: () => undefined,
  });
  t.after(async () => {
    await listener.close();
    await workers.close();
  });
  assert.equal(await outcome(listener.address.port), 'connected');
  assert.equal(await outcome(1), 'sv2-unreachable');
});

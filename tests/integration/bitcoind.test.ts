import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { type BitcoindCommand, locateBitcoind } from '../../services/bitcoind/locate.ts';
import { startBitcoind } from '../../services/bitcoind/start.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { isAlive } from '../harness/is-alive.ts';
import { RunningClock } from '../harness/running-clock.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hashpool-node-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function script(path: string, text: string): BitcoindCommand {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return { file: path, arguments: [], origin: 'PATH' };
}

test('a node answers once started, keeps its chain over a restart, and leaves no process', async (t) => {
  const datadir = folder(t);
  const settings = {
    command: await locateBitcoind(),
    datadir,
    network: 'regtest',
    rpcAuth: 'me:a:b',
  } as const;
  const lines: string[] = [];
  const first = await startBitcoind({
    ...settings,
    rpcPort: await freePortBase(1),
    onLine: (line) => lines.push(line),
  });
  await first.rpc.call('generatetodescriptor', [3, 'raw(51)']);
  assert(isAlive(first.pid));
  assert(lines.some((line) => line.includes('Done loading')));
  await first.stop();
  assert.equal(await first.exited, 'it ended with code 0');
  assert(!isAlive(first.pid));
  await first.stop();

  const second = await startBitcoind({ ...settings, rpcPort: await freePortBase(1) });
  assert.equal(await second.rpc.call('getblockcount'), 3);
  await second.stop();
});

test("bitcoind's own cookie works as well", async (t) => {
  const node = await regtestNode(t);
  const rpc = bitcoinRpc({
    url: node.rpcUrl,
    auth: { cookieFile: join(node.datadir, 'regtest', '.cookie') },
  });
  assert.equal(await rpc.call('getblockcount'), 0);
  rpc.close();
});

test('a node that cannot start says why, with the end of its log', async (t) => {
  const node = await regtestNode(t);
  const command = await locateBitcoind();
  const settings = { command, network: 'regtest', rpcAuth: 'a:b', datadir: folder(t) } as const;
  await assert.rejects(startBitcoind({ ...settings, rpcPort: node.rpcPort }), {
    code: 'bitcoind-failed',
    message: /did not start: .*its log ends:\n[\s\S]*bind/i,
  });
  const sameAuth = { ...settings, rpcAuth: node.rpcAuth, rpcPort: node.rpcPort };
  await assert.rejects(startBitcoind(sameAuth), { code: 'bitcoind-failed', message: /it ended with code 1/ });
  assert.equal(await node.rpc.call('getblockcount'), 0, 'the node that has the port is left alone');
  await assert.rejects(
    startBitcoind({ ...settings, rpcPort: await freePortBase(1), extraArguments: ['-nosuchoption=1'] }),
    {
      code: 'bitcoind-failed',
      message: /it ended with code 1; its log ends:\n[\s\S]*nosuchoption/,
    },
  );
});

test('a node that hangs is given up on and killed', async (t) => {
  const path = folder(t);
  const command = script(
    join(path, 'bitcoind'),
    "trap '' TERM\necho loading forever\nwhile :; do sleep 0.2; done",
  );
  const settings = { command, network: 'regtest', rpcAuth: 'a:b', datadir: join(path, 'data') } as const;
  using clock = new RunningClock();
  await assert.rejects(startBitcoind({ ...settings, rpcPort: await freePortBase(1), startLimitMs: 200 }), {
    code: 'bitcoind-failed',
    message: /connection refused[\s\S]*loading forever/,
  });
  assert(clock.ms < 5_000);
});

test('where bitcoind is looked for', async (t) => {
  const path = folder(t);
  script(join(path, 'bitcoind'), 'exit 0');
  assert.deepEqual(await locateBitcoind({ PATH: `relative:${path}` }), {
    file: join(path, 'bitcoind'),
    arguments: [],
    origin: 'PATH',
  });
  const named = script(join(path, 'other'), 'exit 0');
  assert.deepEqual(await locateBitcoind({ HASHPOOL_BITCOIND: named.file, PATH: path }), {
    ...named,
    origin: 'HASHPOOL_BITCOIND',
  });
  await assert.rejects(locateBitcoind({ HASHPOOL_BITCOIND: join(path, 'missing'), PATH: path }), {
    code: 'no-bitcoind',
    message: /is not an executable file; correct or unset it/,
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import type { MinerConfig } from '../../../../roles/miner/config.ts';
import { Mining } from '../../../../roles/miner/mining.ts';
import { Rig } from '../../../../roles/miner/rig.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { eventually } from '../../../harness/fake-pool.ts';
import { translatorUnderTest } from '../translator/test-upstream.ts';

const { hash } = await loadCrypto();

/** The miner's parts as the role joins them, the hashing on this thread. */
function miner(t: TestContext, port: number, changes: Partial<MinerConfig> = {}) {
  const stop = new AbortController();
  const words: string[] = [];
  const config: MinerConfig = {
    address: `127.0.0.1:${port}`,
    user: 'name.cpu',
    password: 'x',
    threads: 1,
    version_rolling: false,
    ...changes,
  };
  const rig = new Rig({
    threads: 1,
    maxHashrate: 20_000,
    hash,
    scan: async ({ header, first, count, bits }) => hash.scanNonces(header, first, count, bits),
    found: (unit, nonce) => mining.submit(unit, nonce),
    failed: (error) => assert.fail(error),
  });
  const mining: Mining = new Mining({
    config,
    signal: stop.signal,
    log: pino({ level: 'silent' }),
    waits: { first: 10, longest: 20 },
    work: (task) => rig.work(task),
    status: (text) => words.push(text),
  });
  const running = mining.run();
  t.after(async () => {
    stop.abort();
    await rig.close();
    await running;
  });
  return { mining, words };
}

test('it mines at a translator: its shares are true, its version bits and suggestion are taken', async (t) => {
  const { server, upstream } = await translatorUnderTest(t);
  const { mining, words } = miner(t, server.port, { version_rolling: true, suggest_difficulty_bits: 8 });
  await eventually(() => upstream.channels.length === 1 && server.minerCount === 1, 'the miner');
  upstream.last.job(1);
  await eventually(() => mining.shares.accepted >= 5, 'five shares');
  assert.equal(mining.shares.rejected, 0);
  assert.equal(upstream.last.request.maximumTargetLe[31], 0);
  assert.deepEqual(words, [`mining at 127.0.0.1:${server.port}`]);
  const versions = new Set(upstream.last.shares.map(({ share }) => share.version >>> 29));
  assert.deepEqual([...versions], [1]);
});

test('it follows set_extranonce after a cut link without a refused share', async (t) => {
  const { server, upstream } = await translatorUnderTest(t);
  const { mining } = miner(t, server.port);
  await eventually(() => server.minerCount === 1, 'the miner');
  upstream.last.job(1);
  await eventually(() => mining.shares.accepted >= 2, 'shares');
  upstream.cut();
  upstream.isUp = true;
  server.linkUp();
  await eventually(() => upstream.channels.length === 2, 'the second channel');
  const { accepted } = mining.shares;
  upstream.last.job(1);
  await eventually(() => mining.shares.accepted >= accepted + 3, 'shares on the new channel');
  assert.ok(upstream.last.shares.length >= 3);
});

test('a pool that goes away at any moment of the greeting is tried again', async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    let left = connections++;
    socket.on('data', (chunk) => {
      const { id, method } = JSON.parse(chunk.toString());
      const result = method === 'mining.subscribe' ? [[], '00', 4] : true;
      if (left-- > 0) socket.write(`${JSON.stringify({ id, result, error: null })}\n`);
      else socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { words } = miner(t, address.port, { version_rolling: true, suggest_difficulty_bits: 10 });
  await eventually(
    () => words.some((text) => text.startsWith('mining at')),
    'the greeting to get through',
    30_000,
  );
  assert.equal(connections, 6, 'once for each of the five requests, and the good one');
});

test('a pool that refuses it, hangs up or talks nonsense is said in words, and tried again', async (t) => {
  const greetings = [
    (socket: Socket) => socket.destroy(),
    (socket: Socket) => socket.write('nonsense\n'),
    (socket: Socket) => socket.write('{"id":1,"result":null,"error":[24,"Unauthorized worker",null]}\n'),
    (socket: Socket) => socket.write('{"id":null,"method":"mining.set_difficulty","params":[-1]}\n'),
  ];
  let connections = 0;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    greetings[connections++ % greetings.length]?.(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { mining, words } = miner(t, address.port);
  await eventually(() => words.length >= 3, 'three tries');
  assert.match(words[0] ?? '', /not mining: mining.subscribe was refused: /);
  assert.match(words[1] ?? '', /not mining: .*(one JSON object)/);
  assert.match(words[2] ?? '', /mining.subscribe was refused: Unauthorized worker/);
  assert.deepEqual(mining.shares, { accepted: 0, rejected: 0 });
});

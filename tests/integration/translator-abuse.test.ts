import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { connectSv1, type Sv1Client } from '../harness/sv1-client.ts';
import { translatorScene } from '../harness/translator-scene.ts';

const USER = encodeHpub(fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'));
const SUGGESTION = 2 ** -24;
/** What a process may grow by while it is sent tens of megabytes. */
const MAX_GROWTH_KIB = 100 * 1024;
const PING = '{"id":"p","method":"mining.ping","params":[]}\n';

async function miner(t: TestContext, port: number): Promise<Sv1Client> {
  const client = await connectSv1(port);
  t.after(() => client.close());
  await client.request('mining.suggest_difficulty', [SUGGESTION]);
  await client.start(USER);
  return client;
}

/** Resident memory of a process in KiB. */
function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

test('whatever one client does ends its own connection; a miner beside it mines on', async (t) => {
  const scene = await translatorScene(t);
  const good = await miner(t, scene.sv1Port);
  const minesOn = async (): Promise<void> => {
    assert.equal((await good.submit(USER, good.mineShare())).result, true);
    assert.equal(good.closed, false);
  };
  const bad = async (): Promise<Sv1Client> => {
    const client = await connectSv1(scene.sv1Port);
    t.after(() => client.close());
    return client;
  };
  const before = residentOf(scene.role.pid);
  const hungUpFor = (reason: RegExp) => assert.match(scene.role.output, reason);

  await t.test('10 MB without a newline', async () => {
    const client = await bad();
    client.sendRaw('x'.repeat(10_000_000));
    await client.untilClosed();
    hungUpFor(/hung up on a miner: a line is longer than 8192 bytes/);
    await minesOn();
  });

  await t.test('garbage, and another protocol', async () => {
    for (const garbage of [
      '\0\n'.repeat(5),
      'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\nE: f\r\n',
      '[]\n{}\n1\nnull\n""\n',
    ]) {
      const client = await bad();
      client.sendRaw(garbage);
      await client.untilClosed();
    }
    hungUpFor(/too many lines that are no Stratum V1/);
    await minesOn();
  });

  await t.test('1,000 pipelined messages before subscribing', async () => {
    const client = await bad();
    client.sendRaw(PING.repeat(1000));
    await client.untilClosed();
    hungUpFor(/too many requests before it was subscribed and authorized/);
    const queue = await bad();
    queue.sendRaw(`{"id":1,"method":"mining.subscribe","params":[]}\n${PING.repeat(1000)}`);
    await queue.untilClosed();
    hungUpFor(/too many requests before the first was answered/);
    await minesOn();
  });

  await t.test('a flood of requests, and one of empty lines', async () => {
    const flooder = await miner(t, scene.sv1Port);
    const flood = PING.repeat(1000);
    while (!flooder.closed) {
      flooder.sendRaw(flood);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    hungUpFor(/it floods: too many bytes by one connection/);
    const empty = await bad();
    for (let sent = 0; !empty.closed && sent < 100; sent++) {
      empty.sendRaw('\n'.repeat(100_000));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await empty.untilClosed();
    await minesOn();
  });

  await t.test('many connections of one address that all flood share one limit', async (t) => {
    const limits = ['max_bytes_per_second = 1000000', 'max_bytes_per_second_per_address = 20000'];
    const strict = await scene.another({ config: limits });
    const crowd = await Promise.all(Array.from({ length: 8 }, () => miner(t, strict.sv1Port)));
    for (const client of crowd) client.sendRaw(PING.repeat(1000));
    const [first] = crowd;
    await first?.until(() => crowd.some(({ closed }) => closed), 'the limit of the address');
    assert.match(strict.role.output, /hung up on a miner: too many bytes from 127\.0\.0\.1/);
    await minesOn();
  });

  await t.test('who reads nothing', async (t) => {
    const generous = await scene.another({
      config: ['max_bytes_per_second = 1000000000', 'max_bytes_per_second_per_address = 1000000000'],
    });
    const slow = await miner(t, generous.sv1Port);
    slow.socket.pause();
    for (let sent = 0; sent < 2000 && !generous.role.output.includes('it does not read'); sent++) {
      slow.sendRaw(PING.repeat(200));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await generous.role.says(/hung up on a miner: it does not read: \d+ bytes wait for it/);
    await minesOn();
  });

  await t.test('shares that are none, by the hundred', async () => {
    const client = await miner(t, scene.sv1Port);
    const share = client.mineShare();
    const wrong = [
      [USER, share.jobId, 'zz', share.ntime, share.nonce],
      [USER, share.jobId, share.extranonce2, 'f'.repeat(4000), share.nonce],
      [USER, 'x'.repeat(4000), share.extranonce2, share.ntime, share.nonce],
      [{}, [], null, 1, true],
      [USER, share.jobId, share.extranonce2, share.ntime, share.nonce, '20000000'],
    ];
    for (let i = 0; i < 100; i++) {
      const { result, error } = await client.request('mining.submit', wrong[i % wrong.length]);
      assert.deepEqual([result, error?.[0]], [null, 20]);
    }
    assert.equal((await client.submit(USER, share)).result, true);
    await minesOn();
  });

  const grown = residentOf(scene.role.pid) - before;
  assert.ok(grown < MAX_GROWTH_KIB, `the translator grew by ${grown} KiB`);
});

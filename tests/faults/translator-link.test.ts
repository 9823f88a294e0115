import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { settle } from '../harness/appliance-books.ts';
import { cutLink } from '../harness/cut-link.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';
import { connectSv1 } from '../harness/sv1-client.ts';

const MINERS = 20;
const BITS = 10;
const PAUSE_MS = 1000;

/** Miners have a channel each, or share them. */
const MODES = [
  { words: 'a channel each', aggregates: false },
  { words: 'shared channels', aggregates: true },
];

const scene = (t: TestContext, aggregates: boolean) =>
  cutLink(t, 'translator', (text) =>
    text.replace('aggregate_channels = false', `aggregate_channels = ${aggregates}`),
  );

for (const { words, aggregates } of MODES) {
  test(`${words}: link cut for 1 s and for 30 s, then the pool killed: no miner is dropped by a cut, every answer is true`, async (t) => {
    const { appliance, network } = await scene(t, aggregates);
    const miners = await SteadyMiner.crowd(t, MINERS, {
      port: appliance.sv1Port,
      bits: BITS,
      pauseMs: PAUSE_MS,
    });
    const running = miners.map((miner) => miner.run());
    await delay(2000);
    for (const cutMs of [1000, 30_000]) {
      network.refusing = true;
      network.cut();
      await delay(cutMs);
      network.refusing = false;
      await appliance.until('the link to be back', () => network.connections > 0);
      await delay(3000);
    }
    assert.equal(miners.filter(({ client }) => client.closed).length, 0, 'no cut drops a miner');
    const refusedOver = miners.map(({ refusals }) => [...refusals]).filter(({ length }) => length > 0);
    assert.deepEqual(refusedOver, [], 'the cuts cost no share');
    const told = miners[0]?.client.notes.map(({ params }) => params[0]) ?? [];
    assert.ok(told.includes('No pool answers. Shares are kept and sent when one is back'));

    await appliance.kill('pool');
    await appliance.until('the link to be back', () => /^connected/.test(appliance.role('translator').text));
    await delay(3000);
    for (const [i, { client }] of miners.entries()) {
      if (i % 2 === 0) assert.equal(client.closed, false, 'set_extranonce keeps a miner');
      else assert.ok(client.notes.some(({ method }) => method === 'client.reconnect'));
    }

    for (const miner of miners) miner.stop();
    await Promise.all(running);
    const accepted = miners.flatMap((miner) => miner.accepted);
    const refusals = new Map<string, number>();
    for (const miner of miners)
      for (const [words, count] of miner.refusals) refusals.set(words, (refusals.get(words) ?? 0) + count);
    t.diagnostic(`${accepted.length} answered true; else: ${JSON.stringify([...refusals])}`);
    const excused = /^(Stale|the server closed before it answered mining\.submit)$/;
    for (const words of refusals.keys()) assert.match(words, excused);
    assert.ok(accepted.length > MINERS, 'shares were mined');
    await settle(appliance, accepted);
  });

  test(`${words}: the translator is killed with shares that the pool never got: the next one sends them`, async (t) => {
    const { appliance, network } = await scene(t, aggregates);
    const miner = await SteadyMiner.start({
      port: appliance.sv1Port,
      user: 'm.rig',
      bits: BITS,
      pauseMs: 20,
      takesExtranonce: true,
    });
    const { client } = miner;
    t.after(() => client.close());
    // The link looks well, and nothing comes through.
    network.dropping.add('to-server');
    const shares = Array.from({ length: 50 }, () => client.mineShare());
    client.sendRaw(
      shares
        .map(({ jobId, extranonce2, ntime, nonce }, id) =>
          JSON.stringify({
            id: `s${id}`,
            method: 'mining.submit',
            params: ['m.rig', jobId, extranonce2, ntime, nonce],
          }),
        )
        .join('\n')
        .concat('\n'),
    );
    // What came before it was taken; with the second answer that turn of its event loop is over, and they are written down.
    for (let i = 0; i < 2; i++) assert.equal((await client.request('mining.ping')).result, 'pong');
    assert.equal(client.strayAnswers.length, 0);
    const killing = appliance.kill('translator');
    await client.untilClosed();
    network.dropping.clear();
    await killing;
    await appliance.until(
      'the shares to be counted',
      () => appliance.figures().accepted + appliance.figures().rejected >= BigInt(shares.length),
    );
    const next = await connectSv1(appliance.sv1Port);
    await next.start('m.rig');
    next.close();
    const outbox = new Set(await settle(appliance, []));
    const missing = shares.filter(({ hash }) => !outbox.has(hash));
    t.diagnostic(
      `${shares.length - missing.length} of ${shares.length} shares were sent by the next process`,
    );
    assert.deepEqual(missing, []);
  });
}

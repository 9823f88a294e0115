import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { RETURN_AFTER_MS } from '../../services/mining-client/choose-upstream.ts';
import { RunningClock } from '../harness/running-clock.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';
import { shareHash } from '../harness/sv1-work.ts';
import { until } from '../harness/template-client.ts';
import { twoPools } from '../harness/two-pools.ts';

const MINERS = 10;
const BITS = 8;
const PAUSE_MS = 200;
const NEVER_A_BLOCK = 40;
/** What the issue promises. */
const FAILOVER_MS = 5000;

async function miners(t: TestContext, port: number, takesExtranonce: boolean): Promise<SteadyMiner[]> {
  const { curve } = await loadCrypto();
  const started = await Promise.all(
    Array.from({ length: MINERS }, (_, i) => {
      const key = toHex(curve.publicKey(new Uint8Array(32).fill(i + 1)));
      const user = `${key}.${takesExtranonce ? 'told' : 'untold'}`;
      return SteadyMiner.start({ port, user, bits: BITS, pauseMs: PAUSE_MS, takesExtranonce });
    }),
  );
  t.after(() => {
    for (const { client } of started) client.close();
  });
  return started;
}

/** Milliseconds until every miner has a job after its new extranonce, or was told to connect again. */
async function movedWithin(all: readonly SteadyMiner[], from: readonly number[], limitMs: number) {
  using clock = new RunningClock();
  const start = performance.now();
  const isMoved = ({ client }: SteadyMiner, i: number): boolean => {
    const notes = client.notes.slice(from[i]).map(({ method }) => method);
    const told = notes.indexOf('mining.set_extranonce');
    return notes.includes('client.reconnect') || (told >= 0 && notes.includes('mining.notify', told));
  };
  while (!all.every(isMoved)) {
    assert.ok(clock.ms < limitMs, `moved within ${limitMs} ms`);
    await delay(5);
  }
  return Math.round(performance.now() - start);
}

const notesSoFar = (all: readonly SteadyMiner[]) => all.map(({ client }) => client.notes.length);

test('primary silent, well again, killed: miners are moved within 5 s and back after a minute; nothing is lost', async (t) => {
  const { primary, second, translator } = await twoPools(t, { blockTargetBits: NEVER_A_BLOCK });
  const told = await miners(t, translator.sv1Port, true);
  const untold = await miners(t, translator.sv1Port, false);
  const running = [...told, ...untold].map((miner) => miner.run());
  await delay(1000);

  let from = notesSoFar([...told, ...untold]);
  primary.network.dropping.add('to-client').add('to-server');
  const silent = await movedWithin([...told, ...untold], from, FAILOVER_MS);
  assert.ok(told.every(({ client }) => !client.closed));
  await until(() => untold.every(({ client }) => client.closed), 'the others to be hung up on');

  // What it was not asked, or has not answered, it is told again, while the miners are at the other pool.
  from = notesSoFar(told);
  primary.network.dropping.clear();
  primary.network.cut();
  const returned = await movedWithin(told, from, RETURN_AFTER_MS + 15_000);
  assert.ok(returned >= RETURN_AFTER_MS, 'not before it has been well for a minute');

  await delay(1000);
  from = notesSoFar(told);
  await primary.process.role.stop('SIGKILL');
  const killed = await movedWithin(told, from, FAILOVER_MS);
  assert.ok(
    told.every(({ client }) => !client.closed),
    'no connection was dropped',
  );
  await delay(1000);

  for (const miner of told) miner.stop();
  primary.process.role.status = { text: 'killed', figures: {} };
  await primary.process.role.restart();
  await Promise.all(running);
  const all = [...told, ...untold];
  const refusals = all.flatMap(({ refusals }) => [...refusals]);
  const accepted = all.flatMap(({ accepted }) => accepted);
  t.diagnostic(
    `moved in ${silent} ms from a silent pool, in ${killed} ms from a killed one, back in ${returned} ms`,
  );
  t.diagnostic(`${accepted.length} shares answered true; else: ${JSON.stringify(refusals)}`);
  for (const [words] of refusals) assert.match(words, /^(Stale|the server closed before .*)$/);
  const isPaid = (): boolean => {
    const paid = new Set(
      [primary, second].flatMap(({ mint }) =>
        mint.shares.map(({ header }) => shareHash(Buffer.from(header))),
      ),
    );
    return accepted.every((hash) => paid.has(hash));
  };
  await until(isPaid, 'all that was answered true at the mints');
  assert.ok(second.mint.shares.length > 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { settle } from '../harness/appliance-books.ts';
import { cutLink } from '../harness/cut-link.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';

const MINERS = 10;
const BITS = 10;
const PAUSE_MS = 500;
const CUT_MS = 5_000;

test('own jobs: the pool cut off, the jd-server killed, the template provider killed: no miner is dropped, every answer is true', async (t) => {
  const { appliance, network } = await cutLink(t, 'jd-client');
  const isMining = () => /^mining for /.test(appliance.role('jd-client').text);
  await appliance.until('miners to be let in', isMining);
  const miners = await SteadyMiner.crowd(t, MINERS, {
    port: appliance.sv1Port,
    bits: BITS,
    pauseMs: PAUSE_MS,
  });
  const running = miners.map((miner) => miner.run());
  const accepted = () => miners.reduce((sum, miner) => sum + miner.accepted.length, 0);
  /** All is as before, and shares are accepted again. */
  const goOn = async (what: string) => {
    await appliance.until(`mining after ${what}`, isMining);
    const before = accepted();
    const enough = () => accepted() >= before + 2 * MINERS;
    for (const end = Date.now() + PATIENCE_MS; !enough(); await delay(50))
      assert.ok(Date.now() < end, `no shares are accepted after ${what}`);
    const closed = miners.filter(({ client }) => client.closed).length;
    assert.equal(closed, 0, `${what} dropped miners`);
  };
  await goOn('the start');

  network.refusing = true;
  network.cut();
  await appliance.until('the cut to be seen', () => !isMining());
  await delay(CUT_MS);
  network.refusing = false;
  await goOn('a cut');

  await appliance.kill('jd-server');
  await goOn('the kill of the jd-server');
  await appliance.kill('template-provider');
  await goOn('the kill of the template provider');

  for (const miner of miners) miner.stop();
  await Promise.all(running);
  const refusals = miners.flatMap((miner) => [...miner.refusals]);
  t.diagnostic(`${accepted()} answered true; else: ${JSON.stringify(refusals)}`);
  assert.deepEqual(refusals, []);
  await settle(
    appliance,
    miners.flatMap((miner) => miner.accepted),
  );
});

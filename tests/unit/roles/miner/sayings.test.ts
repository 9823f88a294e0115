import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrate } from '../../../../roles/miner/calibrate.ts';
import { Sayings } from '../../../../roles/miner/sayings.ts';

test('what many machines say is news once a minute, and what is remembered has an end', () => {
  const sayings = new Sayings();
  assert.deepEqual(
    [0, 1, 59_999, 60_000].map((now) => sayings.isNews('away', now)),
    [true, false, false, true],
  );
  for (let i = 0; i < 100; i++) assert.ok(sayings.isNews(`other ${i}`, 60_001));
  assert.ok(sayings.isNews('away', 60_002));
});

test('a machine is measured by its best run', async () => {
  let runs = 0;
  const scan = async () => {
    await new Promise((resolve) => setTimeout(resolve, runs++ === 0 ? 200 : 10));
    return undefined;
  };
  const rate = await calibrate(scan, 2);
  assert.ok(rate > 1_000_000 && rate < 25_000_000, `${rate}`);
});

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

test('threads are measured together, by their best run', async () => {
  const runs = [800, 50, 100, 200];
  let clock = 0;
  let scans = 0;
  const scan = async ({ count }: { count: number }) => {
    if (scans++ % 2 === 0) clock += runs.shift() ?? 0;
    assert.equal(count, 100_000);
    return undefined;
  };
  assert.equal(await calibrate(scan, 2, () => clock), (2 * 100_000) / 0.05);
  assert.deepEqual(runs, []);
});

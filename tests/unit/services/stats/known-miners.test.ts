import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workOfShares } from '../../../../domain/stats/hashrate.ts';
import { judgeMiner, KnownMiners } from '../../../../services/stats/live/known-miners.ts';

const MINUTE_MS = 60_000;
const NOW = 1_800_000_000_000;

/** A miner that has been there for an hour, with `shares` in each of the last minutes. */
function miner(shares: number, dayMeanShares: number) {
  const miners = new KnownMiners([], NOW - 3_600_000);
  const known = miners.named('alice', NOW - 3_600_000);
  assert.ok(known);
  known.workers = 1;
  known.connectedSince = NOW - 3_600_000;
  known.difficulty = 32;
  known.dayMean = (dayMeanShares * 2 ** 32) / 60;
  for (let i = 1; i <= 10; i++) known.recent.add(NOW - i * MINUTE_MS, workOfShares(32, shares));
  return known;
}

test('a miner is judged by the mean of its own day', () => {
  assert.equal(judgeMiner(miner(60, 60), NOW), 'ok');
  assert.equal(judgeMiner(miner(45, 60), NOW), 'ok');
  assert.equal(judgeMiner(miner(40, 60), NOW), 'low');
  assert.equal(judgeMiner({ ...miner(0, 60), workers: 0 }, NOW), 'offline');
});

test('chance alone makes nobody low, and who has just come is not judged', () => {
  // Six shares are expected in ten minutes, three came: that is no news.
  const slow = miner(0, 0.6);
  slow.recent.add(NOW, workOfShares(32, 3));
  assert.equal(judgeMiner(slow, NOW), 'ok');
  assert.equal(judgeMiner({ ...miner(0, 60), connectedSince: NOW - MINUTE_MS }, NOW), 'ok');
  assert.equal(judgeMiner({ ...miner(0, 60), dayMean: undefined }, NOW), 'ok');
});

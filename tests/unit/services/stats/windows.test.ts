import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workOfShares } from '../../../../domain/stats/hashrate.ts';
import { chartPlan, chartPoints, chartRows } from '../../../../services/stats/api/windows.ts';

const row = (at: number, seconds = 10) => ({ at, seconds, rejected: 0, ...workOfShares(32, 1) });

test('what is not known makes a gap or a shorter mean, and no crater', () => {
  const plan = { base: 10, step: 10, window: 30 };
  const rows = [row(0), row(10), row(20), row(60), row(70)];
  const points = chartPoints(rows, plan, { step: 10, from: 0, to: 100 });
  const rates = points.map(({ at, hs }) => [at / 1000, hs === null ? null : Math.round(hs / 2 ** 28)]);
  const full = Math.round(2 ** 32 / 10 / 2 ** 28);
  assert.deepEqual(rates, [
    [30, full],
    [40, full],
    [50, full],
    [60, null],
    [70, full],
    [80, full],
    [90, full],
    [100, full],
  ]);
});

test('a known step without a share is a zero', () => {
  const none = { at: 0, seconds: 10, rejected: 2, work: 0n, shares: 0, squares: 0 };
  const [point] = chartPoints([none], { base: 10, step: 10, window: 10 }, { step: 10, from: 0, to: 10 });
  assert.deepEqual(point, { at: 10_000, hs: 0, error: null, shares: 0, rejected: 2 });
});

test('a chart of any length has a bounded number of points, over whole rows', () => {
  for (const hours of [1, 2, 6, 7, 24, 25, 168, 744, 8760, 17_520]) {
    for (const isMiner of [false, true]) {
      const plan = chartPlan(hours, isMiner);
      assert.equal(plan.window % plan.base, 0);
      assert.equal(plan.step % plan.base, 0);
      assert.ok((hours * 3600) / plan.step <= 800, `${hours} hours`);
      const { from, to } = chartRows(plan, hours, Date.UTC(2026, 0, 1));
      assert.equal((to - from) % plan.base, 0);
    }
  }
});

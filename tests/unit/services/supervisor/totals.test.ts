import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerOf, Totals } from '../../../../services/supervisor/totals.ts';

test('counts go on over restarts, states are the newest', () => {
  const totals = new Totals();
  totals.report({ shares_accepted: 10, outbox_rows: 10 });
  totals.report({ shares_accepted: 12n });
  assert.deepEqual(totals.figures(), { shares_accepted: 12n, outbox_rows: 10 });
  totals.processEnded();
  assert.deepEqual(totals.figures(), { shares_accepted: 12n, outbox_rows: 10 });
  totals.report({ shares_accepted: '3', outbox_rows: 15 });
  totals.processEnded();
  totals.processEnded();
  assert.deepEqual(totals.figures(), { shares_accepted: 15n, outbox_rows: 15 });
});

test('what is no whole number counts as zero', () => {
  assert.deepEqual(
    [7.9, Number.NaN, Number.POSITIVE_INFINITY, '12', '-3', 'a lot', undefined, 2n ** 70n].map(integerOf),
    [7n, 0n, 0n, 12n, -3n, 0n, 0n, 2n ** 70n],
  );
});

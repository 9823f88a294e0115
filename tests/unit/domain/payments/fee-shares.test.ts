import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { feeShares } from '../../../../domain/payments/fee-shares.ts';

test('a fee is shared evenly, and what one may not bear the others do', () => {
  assert.deepEqual(feeShares(300n, [500n, 500n, 500n]), [100n, 100n, 100n]);
  assert.deepEqual(feeShares(301n, [500n, 500n, 500n]), [101n, 100n, 100n]);
  assert.deepEqual(feeShares(300n, [500n, 20n, 500n]), [140n, 20n, 140n]);
  assert.deepEqual(feeShares(1_000n, [100n, 200n]), [100n, 200n]);
  assert.deepEqual(feeShares(0n, [100n, 200n]), [0n, 0n]);
  assert.deepEqual(feeShares(10n, []), []);
});

test('nobody bears more than was promised, and together they bear the fee or all that was', () => {
  const sats = fc.bigInt({ min: 0n, max: 10_000_000n });
  fc.assert(
    fc.property(sats, fc.array(sats, { minLength: 1, maxLength: 100 }), (fee, reserves) => {
      const shares = feeShares(fee, reserves);
      const sum = shares.reduce((total, share) => total + share, 0n);
      const promised = reserves.reduce((total, reserve) => total + reserve, 0n);
      assert.ok(shares.every((share, i) => share >= 0n && share <= (reserves[i] ?? 0n)));
      assert.ok(sum >= (fee < promised ? fee : promised));
      assert.ok(sum < fee + BigInt(reserves.length), 'rounded up by less than a sat each');
    }),
  );
});

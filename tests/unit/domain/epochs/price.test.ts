import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  dustSats,
  feeOf,
  leastRedeemable,
  type Price,
  priceEpochs,
  redeemedSats,
  WHOLE_PPM,
} from '../../../../domain/epochs/price.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';

const sats = fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n });
const work = fc.bigInt({ min: 0n, max: 1n << 90n });
const feePpm = fc.integer({ min: 0, max: WHOLE_PPM });
const bad = (error: unknown) => isHashpoolError(error, 'bad-price');

function priceOf(rewardSats: bigint, ppm: number, ehash: bigint): Price {
  const [price] = priceEpochs(rewardSats, [{ work: ehash, minimumDifficulty: 24, feePpm: ppm }]);
  assert.ok(price);
  return price;
}

/** Cuts `whole` at the given fractions of 2^32. */
function piecesOf(whole: bigint, cuts: readonly number[]): bigint[] {
  const at = [...cuts].sort((a, b) => a - b).map((cut) => (whole * BigInt(cut)) >> 32n);
  return [...at, whole].map((end, i) => end - (i === 0 ? 0n : (at[i - 1] ?? 0n)));
}
const cuts = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 40 });

test('a price is reward less fee for all work', () => {
  assert.deepEqual(priceOf(312_500_000n, 20_000, 1_000n), {
    rewardSats: 312_500_000n,
    feeSats: 6_250_000n,
    payableSats: 306_250_000n,
    work: 1_000n,
  });
  assert.equal(redeemedSats(priceOf(312_500_000n, 20_000, 1_000n), 1n), 306_250n);
});

test('the fee is rounded in favour of the miners', () => {
  assert.equal(feeOf(99n, 10_000), 0n);
  assert.equal(feeOf(100n, 10_000), 1n);
  assert.equal(feeOf(5_000_000_000n, WHOLE_PPM), 5_000_000_000n);
});

test('redemptions never sum to more than is payable, and keep back less than a sat each', () => {
  fc.assert(
    fc.property(sats, feePpm, work, cuts, (reward, ppm, whole, at) => {
      const price = priceOf(reward, ppm, whole);
      const pieces = piecesOf(whole, at);
      const given = pieces.reduce((sum, piece) => sum + redeemedSats(price, piece), 0n);
      assert.ok(given <= price.payableSats);
      assert.ok(given + price.feeSats <= reward);
      const dust = dustSats(price, whole, given);
      assert.ok(dust >= 0n && dust < BigInt(pieces.length));
      // All of it is accounted for: holders, operator, dust; without work nobody can redeem.
      const held = whole === 0n ? price.payableSats : 0n;
      assert.equal(given + dust + held + price.feeSats, reward);
    }),
  );
});

test('a sum that is split never brings more than the whole', () => {
  fc.assert(
    fc.property(sats, feePpm, work, cuts, (reward, ppm, whole, at) => {
      const price = priceOf(reward, ppm, whole);
      const part = whole / 3n;
      const split = piecesOf(part, at).reduce((sum, piece) => sum + redeemedSats(price, piece), 0n);
      assert.ok(split <= redeemedSats(price, part));
    }),
  );
});

test('more ehash is never worth less', () => {
  fc.assert(
    fc.property(sats, work, work, (reward, a, b) => {
      const price = priceOf(reward, 0, a + b);
      assert.ok(redeemedSats(price, a) <= redeemedSats(price, a + b));
    }),
  );
});

test('merged epochs share a reward by work, to the satoshi', () => {
  const backed = fc.array(fc.record({ work, minimumDifficulty: fc.constant(16), feePpm }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(sats, backed, (reward, epochs) => {
      const prices = priceEpochs(reward, epochs);
      const whole = epochs.reduce((sum, each) => sum + each.work, 0n);
      assert.equal(
        prices.reduce((sum, price) => sum + price.rewardSats, 0n),
        reward,
      );
      for (const price of prices) {
        assert.equal(price.payableSats + price.feeSats, price.rewardSats);
        if (whole === 0n) continue;
        // Within a sat of its exact part, in either direction.
        const error = price.rewardSats * whole - reward * price.work;
        assert.ok(error > -whole && error < whole);
      }
    }),
  );
});

test('a merged epoch without work gets nothing where another has some', () => {
  const prices = priceEpochs(1000n, [
    { work: 0n, minimumDifficulty: 0, feePpm: 0 },
    { work: 7n, minimumDifficulty: 0, feePpm: 0 },
    { work: 0n, minimumDifficulty: 0, feePpm: 0 },
  ]);
  assert.deepEqual(
    prices.map(({ rewardSats }) => rewardSats),
    [0n, 1000n, 0n],
  );
});

test('the least redeemable sum is worth a sat, and one less is not', () => {
  fc.assert(
    fc.property(sats, work, (reward, whole) => {
      const price = priceOf(reward, 0, whole);
      const least = leastRedeemable(price);
      if (least === undefined || least > whole) {
        assert.equal(redeemedSats(price, whole), 0n);
        return;
      }
      assert.ok(redeemedSats(price, least) >= 1n);
      assert.equal(redeemedSats(price, least - 1n), 0n);
    }),
  );
  assert.equal(leastRedeemable(priceOf(0n, 0, 5n)), undefined);
});

test('what cannot be is refused', () => {
  assert.throws(() => priceEpochs(1n, []), bad);
  assert.throws(() => priceEpochs(-1n, [{ work: 1n, minimumDifficulty: 0, feePpm: 0 }]), bad);
  assert.throws(() => priceEpochs(1n, [{ work: -1n, minimumDifficulty: 0, feePpm: 0 }]), bad);
  for (const ppm of [-1, 0.5, WHOLE_PPM + 1, Number.NaN]) assert.throws(() => feeOf(1n, ppm), bad);
  assert.throws(() => redeemedSats(priceOf(1n, 0, 5n), 6n), bad);
  assert.throws(() => redeemedSats(priceOf(1n, 0, 5n), -1n), bad);
});

test('merged epochs of different minimum difficulty share by hashes', () => {
  const [easy, hard] = priceEpochs(900n, [
    { work: 400n, minimumDifficulty: 4, feePpm: 0 },
    { work: 100n, minimumDifficulty: 7, feePpm: 0 },
  ]);
  assert.deepEqual([easy?.rewardSats, hard?.rewardSats], [300n, 600n]);
  assert.deepEqual([easy?.work, hard?.work], [400n, 100n]);
});

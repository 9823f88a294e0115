import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judgeOpen, judgeUpdate, payableExponents } from '../../../../domain/channels/open-channel.ts';
import { powerTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';

const range = payableExponents(24);
const easiest = new Uint8Array(32).fill(255);
const wish = { nominal_hash_rate: 0, max_target: easiest, min_extranonce_size: 0 };

describe('a request for a channel', () => {
  it('is granted at the floor where the rate is unknown', () => {
    assert.deepEqual(judgeOpen(wish, 6, range), { k: 24, clientFloor: 0, rollableBytes: 4 });
  });

  it('is granted what it needs of the extranonce, up to what there is', () => {
    const grant = judgeOpen({ ...wish, min_extranonce_size: 14 }, 6, range);
    assert.ok(typeof grant === 'object' && grant.rollableBytes === 14);
    assert.equal(judgeOpen({ ...wish, min_extranonce_size: 15 }, 6, range), 'min-extranonce-size-too-large');
  });

  it('is granted nothing to roll on a standard channel, and can not have more than messages carry', () => {
    const { min_extranonce_size: _, ...standard } = wish;
    assert.deepEqual(judgeOpen(standard, 6, range), { k: 24, clientFloor: 0, rollableBytes: 0 });
    const beyond = judgeOpen({ ...wish, min_extranonce_size: 33 }, 6, range);
    assert.equal(beyond, 'unsupported-min-extranonce-size');
  });

  it('is refused a rate that is none and a target that nobody pays', () => {
    for (const nominal_hash_rate of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(judgeOpen({ ...wish, nominal_hash_rate }, 6, range), 'invalid-nominal-hashrate');
    }
    assert.equal(judgeOpen({ ...wish, max_target: new Uint8Array(32) }, 6, range), 'max-target-out-of-range');
    const beyond = targetToLeBytes(powerTarget(24 + 63));
    assert.equal(judgeOpen({ ...wish, max_target: beyond }, 6, range), 'max-target-out-of-range');
  });

  it('never gets a target above its maximum, and the easiest power at or below it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: powerTarget(80), max: powerTarget(0) }), (maximum) => {
        const grant = judgeOpen({ ...wish, max_target: targetToLeBytes(maximum) }, 6, range);
        assert.ok(typeof grant === 'object');
        assert.ok(powerTarget(grant.k) <= maximum);
        assert.ok(grant.k === 24 || powerTarget(grant.k - 1) > maximum);
      }),
    );
  });

  it('has no amount above 2^62 to hope for', () => {
    assert.deepEqual(payableExponents(0), { floor: 0, ceiling: 62 });
    assert.deepEqual(payableExponents(255), { floor: 255, ceiling: 255 });
  });
});

describe('an update of a channel', () => {
  const update = { nominal_hash_rate: 1, maximum_target: easiest };

  it('gives the new floor or the error', () => {
    assert.equal(judgeUpdate(update, range), 0);
    assert.equal(
      judgeUpdate({ ...update, maximum_target: targetToLeBytes(powerTarget(30) - 1n) }, range),
      31,
    );
    assert.equal(judgeUpdate({ ...update, nominal_hash_rate: -1 }, range), 'invalid-nominal-hashrate');
    assert.equal(
      judgeUpdate({ ...update, maximum_target: new Uint8Array(32) }, range),
      'max-target-out-of-range',
    );
    assert.equal(judgeUpdate(update, undefined), 'invalid-channel-id');
  });
});

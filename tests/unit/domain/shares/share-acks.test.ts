import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ShareAcks, shareDifficulty } from '../../../../domain/shares/share-acks.ts';

describe('acknowledgements', () => {
  it('count a share of difficulty below 1 as 1', () => {
    assert.deepEqual([0, 31, 32, 33, 40].map(shareDifficulty), [1n, 1n, 1n, 2n, 256n]);
  });

  it('add up over all batches, and begin anew with each', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 }), { maxLength: 12 }),
        (batches) => {
          const acks = new ShareAcks();
          let sequence = 0;
          for (const batch of batches) {
            for (const k of batch) acks.add(++sequence, k);
            assert.equal(acks.count, batch.length);
            const ack = acks.take();
            if (batch.length === 0) {
              assert.equal(ack, undefined);
              continue;
            }
            assert.deepEqual(ack, {
              last_sequence_number: sequence,
              new_submits_accepted_count: batch.length,
              new_shares_sum: batch.reduce((sum, k) => sum + shareDifficulty(k), 0n),
            });
          }
          assert.equal(acks.take(), undefined);
        },
      ),
    );
  });

  it('stop at what 64 bits hold', () => {
    const acks = new ShareAcks();
    acks.add(1, 255);
    assert.equal(acks.take()?.new_shares_sum, 2n ** 64n - 1n);
    acks.add(2, 33);
    assert.equal(acks.take()?.new_shares_sum, 2n);
  });
});

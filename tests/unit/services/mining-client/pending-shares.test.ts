import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  MAX_PENDING_SHARES,
  PendingShares,
  type ShareVerdict,
} from '../../../../services/mining-client/pending-shares.ts';

interface Added {
  readonly sequence: number;
  readonly verdict: Promise<ShareVerdict>;
}

function add(pending: PendingShares<{ answered(verdict: ShareVerdict): void }>): Added {
  const { promise, resolve } = Promise.withResolvers<ShareVerdict>();
  return { sequence: pending.add({ answered: resolve }), verdict: promise };
}

test('a success covers all shares up to its number that had no error before', async () => {
  const pending = new PendingShares();
  const verdicts = [1, 2, 3, 4].map(() => add(pending).verdict);
  assert.equal(pending.refuse(2, 'stale-share'), true);
  assert.equal(pending.accept(3), 2);
  assert.equal(pending.size, 1);
  assert.equal(pending.accept(3), 0, 'the same success again covers nothing');
  assert.equal(pending.refuse(3, 'stale-share'), false, 'an answered share is not answered again');
  pending.answerAll({ kind: 'lost', reason: 'cut' });
  assert.deepEqual(await Promise.all(verdicts), [
    { kind: 'accepted' },
    { kind: 'refused', code: 'stale-share' },
    { kind: 'accepted' },
    { kind: 'lost', reason: 'cut' },
  ]);
});

test('it is full at its cap and not before', () => {
  const pending = new PendingShares();
  for (let i = 1; i < MAX_PENDING_SHARES; i++) add(pending);
  assert.equal(pending.isFull, false);
  add(pending);
  assert.equal(pending.isFull, true);
});

test('however a pool batches, every share is answered once, and as the pool meant it', async () => {
  const fates = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fates, fc.integer({ min: 1, max: 9 }), async (accepted, batch) => {
      const pending = new PendingShares();
      const verdicts = accepted.map(() => add(pending));
      let good = 0;
      for (const [index, isAccepted] of accepted.entries()) {
        const { sequence } = verdicts[index] as { sequence: number };
        if (!isAccepted) pending.refuse(sequence, 'duplicate-share');
        else if (++good % batch === 0) pending.accept(sequence);
      }
      pending.accept(accepted.length);
      const kinds = (await Promise.all(verdicts.map(({ verdict }) => verdict))).map(
        ({ kind }: ShareVerdict) => kind,
      );
      assert.deepEqual(
        kinds,
        accepted.map((isAccepted) => (isAccepted ? 'accepted' : 'refused')),
      );
    }),
    { numRuns: 50 },
  );
});

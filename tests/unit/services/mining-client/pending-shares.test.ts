import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  MAX_PENDING_SHARES,
  type PendingShare,
  PendingShares,
  type ShareVerdict,
} from '../../../../services/mining-client/pending-shares.ts';

interface Added {
  readonly sequence: number;
  readonly verdict: Promise<ShareVerdict>;
}

function add(pending: PendingShares<PendingShare>): Added {
  const { promise, resolve } = Promise.withResolvers<ShareVerdict>();
  const sequence = pending.next;
  pending.add({ sequence, answered: resolve });
  return { sequence, verdict: promise };
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

test('it is the same as a list from which shares are taken, across the wrap of their numbers too', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant('add' as const) },
    fc.record({ accept: fc.nat(20) }),
    fc.record({ refuse: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const answers: string[] = [];
      const forgotten: number[] = [];
      const pending = new PendingShares<PendingShare>((sequence) => forgotten.push(sequence));
      const list: number[] = [];
      const expected: string[] = [];
      const add = (sequence: number) => {
        const answered = ({ kind }: ShareVerdict) => answers.push(`${sequence} ${kind}`);
        pending.add({ sequence, answered });
        list.push(sequence);
      };
      add(0xfffffff8);
      for (const each of steps) {
        if (each === 'add') add(pending.next);
        else if ('accept' in each) {
          const last = list[each.accept];
          if (last === undefined) continue;
          assert.equal(pending.accept(last), each.accept + 1);
          expected.push(...list.splice(0, each.accept + 1).map((sequence) => `${sequence} accepted`));
        } else {
          const [refused] = list.splice(each.refuse, 1);
          assert.equal(pending.refuse(refused ?? -1, 'stale-share'), refused !== undefined);
          if (refused !== undefined) expected.push(`${refused} refused`);
        }
        assert.deepEqual(
          [...pending].map(({ sequence }) => sequence),
          list,
        );
      }
      assert.deepEqual(answers, expected);
      assert.deepEqual(
        forgotten,
        expected.map((answer) => Number(answer.split(' ')[0])),
      );
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ACCOUNTS,
  balancesOf,
  contradictionsOf,
  type EpochAccounts,
  type Posting,
  payoutContradiction,
} from '../../../../domain/epochs/accounts.ts';

const epoch: EpochAccounts = {
  epoch: 4,
  unit: 'hash_4',
  rewardSats: 1_100n,
  feeSats: 20n,
  redeemedSats: 700n,
  autoPaidSats: 30n,
};
const postings: readonly Posting[] = [
  { epoch: 4, giver: 'coinbase', taker: 'ehash', sats: 1_000n },
  { epoch: 4, giver: 'gifts', taker: 'ehash', sats: 100n },
  { epoch: 4, giver: 'ehash', taker: 'fees', sats: 20n },
  { epoch: 4, giver: 'ehash', taker: 'sat', sats: 700n },
  { epoch: 4, giver: 'ehash', taker: 'payouts', sats: 30n },
];

test('what an account gave another one has', () => {
  const account = fc.constantFrom(...ACCOUNTS);
  const posting = fc.record({
    epoch: fc.constant(1),
    giver: account,
    taker: account,
    sats: fc.bigInt({ min: 0n, max: 1n << 60n }),
  });
  fc.assert(
    fc.property(fc.array(posting), (all) => {
      const total = [...balancesOf(all).values()].reduce((sum, each) => sum + each, 0n);
      assert.equal(total, 0n);
    }),
  );
  assert.deepEqual(Object.fromEntries(balancesOf(postings)), {
    coinbase: -1_000n,
    gifts: -100n,
    lightning: 0n,
    ehash: 350n,
    fees: 20n,
    sat: 700n,
    dust: 0n,
    expired: 0n,
    carried: 0n,
    payouts: 30n,
    paid: 0n,
  });
});

test('sound books contradict nothing', () => {
  assert.deepEqual(contradictionsOf([epoch], postings), []);
  assert.deepEqual(contradictionsOf([], []), []);
});

test('each contradiction is told in words', () => {
  const changed = (at: number, sats: bigint) =>
    postings.map((posting, i) => (i === at ? { ...posting, sats } : posting));
  const cases: readonly [RegExp, readonly EpochAccounts[], readonly Posting[]][] = [
    [/hash_4 received 1100 sats, 1099 are booked/, [epoch], changed(0, 999n)],
    [/fee of hash_4 is 20 sats, 21 are booked/, [epoch], changed(2, 21n)],
    [/700 sats were given for hash_4, 701 are booked/, [epoch], changed(3, 701n)],
    [/50 sats more were given for hash_4/, [{ ...epoch, redeemedSats: 1_100n }], changed(3, 1_100n)],
    [/30 sats were credited for hash_4, 31 are booked/, [epoch], changed(4, 31n)],
    [/epoch 4, which has no price/, [], postings],
  ];
  for (const [words, epochs, all] of cases) {
    const [told, ...more] = contradictionsOf(epochs, all);
    assert.match(told ?? '', words);
    assert.deepEqual(more, []);
  }
});

test('what was credited is in balances, held or paid', () => {
  assert.equal(payoutContradiction({ balances: 5n, held: 10n, paid: 15n }, postings), undefined);
  assert.match(
    payoutContradiction({ balances: 5n, held: 10n, paid: 16n }, postings) ?? '',
    /30 sats are booked for auto-payouts; keys have 5, 10 are held and 16 were paid/,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liabilityOf, mismatchOf, type UnitSums } from '../../../domain/ledger/sums.ts';

const sound: UnitSums = {
  isMined: false,
  outstanding: 90n,
  issued: 120n,
  paid: 150n,
  credited: 150n,
  redeemed: 25n,
  pending: 10n,
  mintable: 30n,
};

test('a unit whose tokens are no more than were issued, and whose quotes were paid by payments, is sound', () => {
  assert.equal(mismatchOf('sat', sound), undefined);
  assert.equal(mismatchOf('sat', { ...sound, outstanding: 95n }), undefined, 'nothing was paid for inputs');
  assert.equal(
    mismatchOf('sat', { ...sound, outstanding: 0n }),
    undefined,
    'wallets gave more than they took',
  );
});

test('tokens out of nothing, shares that became none, and quotes that nobody paid are told', () => {
  assert.match(mismatchOf('sat', { ...sound, outstanding: 96n }) ?? '', /^1 more sat are out/);
  assert.match(mismatchOf('sat', { ...sound, redeemed: 31n }) ?? '', /^1 more sat are out/);
  assert.match(mismatchOf('sat', { ...sound, credited: 149n }) ?? '', /paid with 150, payments brought 149/);
  const mined = { ...sound, isMined: true, redeemed: 0n, paid: 0n, credited: 0n, outstanding: 120n };
  assert.equal(mismatchOf('hash_1', mined), undefined);
  assert.match(mismatchOf('hash_1', { ...mined, outstanding: 119n }) ?? '', /^1 hash_1 were issued/);
  assert.match(mismatchOf('hash_1', { ...mined, outstanding: 121n }) ?? '', /^1 more hash_1/);
});

test('a mint owes the tokens that are out and the quotes that may be minted, less what is under way', () => {
  assert.equal(liabilityOf(sound), 110n);
  assert.equal(liabilityOf({ ...sound, outstanding: 0n, mintable: 0n }), 0n);
});

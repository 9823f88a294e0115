import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkInputs,
  checkOutputs,
  checkSwap,
  type Input,
  type Keyset,
  MAX_TOKENS,
  type Output,
} from '../../../domain/ledger/tokens.ts';
import { checkMint, type MintableQuote } from '../../../domain/quotes/mintable.ts';
import { Outcome, quoteState } from '../../../domain/quotes/state.ts';

const keysets = new Map<string, Keyset>(
  [
    { id: 'a', unit: 'hash_1', isActive: true },
    { id: 'b', unit: 'hash_2', isActive: true },
    { id: 'old', unit: 'hash_1', isActive: false },
    { id: 'fee', unit: 'sat', isActive: true, inputFeePpk: 100 },
    { id: 'fee-old', unit: 'sat', isActive: false, inputFeePpk: 850 },
    { id: 'ends', unit: 'sat', isActive: true, finalExpiry: 1_001 },
  ].map((keyset) => [keyset.id, { inputFeePpk: 0, finalExpiry: undefined, ...keyset }]),
);
const NOW = 1_000;

let count = 0;
function output(exponent: number, keysetId = 'a'): Output {
  const blinded = new Uint8Array(33);
  new DataView(blinded.buffer).setUint32(0, ++count);
  return { keysetId, exponent, blinded };
}
function input(exponent: number, keysetId = 'a'): Input {
  return { keysetId, exponent, secret: `secret ${++count}`, signature: new Uint8Array(33) };
}
const many = <T>(make: () => T) => Array.from({ length: MAX_TOKENS + 1 }, make);
const open: MintableQuote = {
  name: 'q',
  unit: 'hash_1',
  exponent: 3,
  outcome: Outcome.open,
  isEpochFinal: true,
};

test('outputs are refused with the code of what is wrong', () => {
  const twice = output(0);
  const cases: [string, readonly Output[]][] = [
    ['request-malformed', []],
    ['too-many-outputs', many(() => output(0))],
    ['duplicate-outputs', [twice, output(1), twice]],
    ['keyset-unknown', [output(0), output(0, 'nobody')]],
    ['keyset-inactive', [output(0, 'old')]],
    ['several-units', [output(0, 'a'), output(0, 'b')]],
  ];
  for (const [code, outputs] of cases)
    assert.throws(() => checkOutputs(outputs, keysets, NOW), { code }, code);
  assert.equal(checkOutputs([output(0), output(62)], keysets, NOW), 'hash_1');
});

test('inputs are refused with the code of what is wrong, and taken from inactive keysets', () => {
  const twice = input(0);
  const cases: [string, readonly Input[]][] = [
    ['request-malformed', []],
    ['too-many-inputs', many(() => input(0))],
    ['duplicate-inputs', [twice, twice]],
    ['keyset-unknown', [input(0, 'nobody')]],
    ['several-units', [input(0, 'a'), input(0, 'b')]],
  ];
  for (const [code, inputs] of cases) assert.throws(() => checkInputs(inputs, keysets, NOW), { code }, code);
  const taken = [input(0, 'old'), input(1, 'a')];
  assert.deepEqual(checkInputs(taken, keysets, NOW), { inputs: taken, unit: 'hash_1', sum: 3n, fee: 0n });
});

test('a swap must balance in one unit, however large its sums', () => {
  checkSwap([input(3)], [output(2), output(2)], keysets, NOW);
  checkSwap(
    Array.from({ length: 8 }, () => input(62)),
    Array.from({ length: 8 }, () => output(62)),
    keysets,
    NOW,
  );
  assert.throws(() => checkSwap([input(3)], [output(2)], keysets, NOW), { code: 'not-balanced' });
  assert.throws(() => checkSwap([input(3)], [output(3), output(0)], keysets, NOW), { code: 'not-balanced' });
  assert.throws(() => checkSwap([input(3)], [output(3, 'b')], keysets, NOW), { code: 'units-differ' });
  // 2^64 would be 0 to arithmetic that wraps around.
  const wrapped = Array.from({ length: 4 }, () => output(62));
  assert.throws(() => checkSwap([input(0)], [output(0), ...wrapped], keysets, NOW), { code: 'not-balanced' });
});

test('inputs pay the fee of their keysets, rounded up over all of them (NUT-02)', () => {
  const fees = (count: number, keysetId: string) =>
    checkInputs(
      Array.from({ length: count }, () => input(3, keysetId)),
      keysets,
      NOW,
    ).fee;
  assert.deepEqual(
    [1, 3, 10, 11, 20].map((count) => fees(count, 'fee')),
    [1n, 1n, 1n, 2n, 2n],
  );
  // 850 + 100 + 100 thousandths: more than one, of keysets that differ.
  const mixed = [input(3, 'fee-old'), input(3, 'fee'), input(3, 'fee')];
  assert.equal(checkInputs(mixed, keysets, NOW).fee, 2n);
  checkSwap([input(3, 'fee')], [output(2, 'fee'), output(1, 'fee'), output(0, 'fee')], keysets, NOW);
  assert.throws(() => checkSwap([input(3, 'fee')], [output(3, 'fee')], keysets, NOW), {
    code: 'not-balanced',
  });
  assert.throws(() => checkSwap([input(0, 'fee')], [output(0, 'fee')], keysets, NOW), {
    code: 'not-balanced',
  });
});

test('a keyset that has ended neither takes nor signs', () => {
  checkSwap([input(0, 'ends')], [output(0, 'ends')], keysets, NOW);
  assert.throws(() => checkInputs([input(0, 'ends')], keysets, NOW + 1), { code: 'keyset-expired' });
  assert.throws(() => checkOutputs([output(0, 'ends')], keysets, NOW + 1), { code: 'keyset-expired' });
});

test('a quote is minted once, when it is paid, for what it is worth', () => {
  checkMint([open], [output(3)], keysets, NOW);
  checkMint([open, { ...open, name: 'r', exponent: 2 }], [output(3), output(2)], keysets, NOW);
  const cases: [string, MintableQuote[], Output[]][] = [
    ['quote-unpaid', [{ ...open, isEpochFinal: false }], [output(3)]],
    ['quote-unpaid', [{ ...open, outcome: Outcome.waiting }], [output(3)]],
    ['quote-unpaid', [{ ...open, outcome: Outcome.void }], [output(3)]],
    ['quote-issued', [{ ...open, outcome: Outcome.issued }], [output(3)]],
    ['quote-issued', [{ ...open, outcome: Outcome.autoPaid }], [output(3)]],
    ['not-balanced', [open], [output(4)]],
    ['not-balanced', [open], [output(2)]],
    ['units-differ', [open], [output(3, 'b')]],
    ['several-units', [open, { ...open, unit: 'hash_2' }], [output(4)]],
    ['quote-issued', [open, { ...open, outcome: Outcome.issued }], [output(4)]],
  ];
  for (const [code, quotes, outputs] of cases)
    assert.throws(() => checkMint(quotes, outputs, keysets, NOW), { code }, code);
});

test('the epoch alone decides whether an open quote is paid', () => {
  assert.equal(quoteState({ outcome: Outcome.open, isEpochFinal: false }), 'UNPAID');
  assert.equal(quoteState({ outcome: Outcome.open, isEpochFinal: true }), 'PAID');
  for (const isEpochFinal of [true, false]) {
    assert.equal(quoteState({ outcome: Outcome.waiting, isEpochFinal }), 'UNPAID');
    assert.equal(quoteState({ outcome: Outcome.issued, isEpochFinal }), 'ISSUED');
    assert.equal(quoteState({ outcome: Outcome.autoPaid, isEpochFinal }), 'AUTO_PAID');
    assert.equal(quoteState({ outcome: Outcome.void, isEpochFinal }), 'VOID');
  }
});

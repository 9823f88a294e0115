import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkRedemption,
  type RedeemableEpoch,
  type RedemptionRequest,
} from '../../../../domain/epochs/redemption.ts';
import { DEFAULT_WINDOW_BLOCKS, windowOf } from '../../../../domain/epochs/redemption-window.ts';
import { type CheckedInputs, checkInputs, type Keyset } from '../../../../domain/ledger/tokens.ts';
import { splitAmount } from '../../../../protocols/cashu/amount.ts';

const keysets = new Map<string, Keyset>(
  [
    { id: 'a', unit: 'hash_1', isActive: false },
    { id: 'b', unit: 'hash_2', isActive: true },
    { id: 'sat', unit: 'sat', isActive: true },
    { id: 'sat-old', unit: 'sat', isActive: false },
  ].map((keyset) => [keyset.id, { inputFeePpk: 0, finalExpiry: undefined, ...keyset }]),
);

/** 1,000 ehash for 2,500 sats less 4 per cent, closed at height 500. */
const priced: RedeemableEpoch = {
  unit: 'hash_1',
  windowBlocks: 50,
  closing: { height: 500 },
  pricedHeight: 600,
  price: { rewardSats: 2_500n, feeSats: 100n, payableSats: 2_400n, work: 1_000n },
};
const unpriced = { ...priced, price: undefined, pricedHeight: undefined };

let count = 0;
function inputsOf(ehash: bigint, keysetId = 'a'): CheckedInputs {
  const inputs = splitAmount(ehash).map((exponent) => {
    return { keysetId, exponent, secret: `secret ${++count}`, signature: new Uint8Array(33) };
  });
  return checkInputs(inputs, keysets, 0);
}
function outputsOf(sats: bigint, keysetId = 'sat'): RedemptionRequest['outputs'] {
  return splitAmount(sats).map((exponent) => {
    const blinded = new Uint8Array(33);
    new DataView(blinded.buffer).setUint32(0, ++count);
    return { keysetId, exponent, blinded };
  });
}
const rules = (epoch: RedeemableEpoch, tip: number) => ({ keysets, epoch, tip, now: 0 });

test('ehash is redeemed for what it is worth, while its window is open', () => {
  for (const tip of [600, 649])
    assert.equal(checkRedemption({ outputs: outputsOf(24n) }, inputsOf(10n), rules(priced, tip)), 24n);
  const named = { unit: 'hash_1', outputs: outputsOf(2_400n) };
  assert.equal(checkRedemption(named, inputsOf(1_000n), rules(priced, 600)), 2_400n);
  assert.equal(checkRedemption({ outputs: outputsOf(16n) }, inputsOf(7n), rules(priced, 600)), 16n);
});

test('each refusal says what is wrong, and when it would work', () => {
  const poor = { ...priced, price: { rewardSats: 5n, feeSats: 0n, payableSats: 5n, work: 1_000n } };
  const bare = { ...priced, price: { rewardSats: 0n, feeSats: 0n, payableSats: 0n, work: 1_000n } };
  const right = { outputs: outputsOf(24n) };
  const cases: readonly [string, RegExp, Parameters<typeof checkRedemption>][] = [
    [
      'epoch-mismatch',
      /unit is hash_2; hash_1 can be redeemed before height 650/,
      [{ ...right, unit: 'hash_2' }, inputsOf(10n), rules(priced, 600)],
    ],
    [
      'epoch-open',
      /100 blocks after the block that closes it/,
      [right, inputsOf(10n), rules({ ...unpriced, closing: undefined }, 600)],
    ],
    [
      'epoch-maturing',
      /from height 600 on; the chain is at 599/,
      [right, inputsOf(10n), rules(unpriced, 599)],
    ],
    ['epoch-maturing', /delivered all shares/, [right, inputsOf(10n), rules(unpriced, 600)]],
    ['epoch-expired', /before height 650; the chain is at 650/, [right, inputsOf(10n), rules(priced, 650)]],
    [
      'worth-nothing',
      /199 of hash_1 are not worth a sat, 200 are/,
      [{ outputs: outputsOf(1n) }, inputsOf(199n), rules(poor, 600)],
    ],
    ['worth-nothing', /backed by nothing/, [{ outputs: outputsOf(1n) }, inputsOf(199n), rules(bare, 600)]],
    [
      'units-differ',
      /outputs are in hash_2/,
      [{ outputs: outputsOf(24n, 'b') }, inputsOf(10n), rules(priced, 600)],
    ],
    [
      'keyset-inactive',
      /sat-old/,
      [{ outputs: outputsOf(24n, 'sat-old') }, inputsOf(10n), rules(priced, 600)],
    ],
    ['keyset-unknown', /nobody/, [{ outputs: outputsOf(24n, 'nobody') }, inputsOf(10n), rules(priced, 600)]],
    [
      'not-balanced',
      /10 of hash_1 are worth 24 sat, outputs ask for 25/,
      [{ outputs: outputsOf(25n) }, inputsOf(10n), rules(priced, 600)],
    ],
    ['not-balanced', /outputs ask for 23/, [{ outputs: outputsOf(23n) }, inputsOf(10n), rules(priced, 600)]],
    ['request-malformed', /outputs is empty/, [{ outputs: [] }, inputsOf(10n), rules(priced, 600)]],
  ];
  for (const [code, message, args] of cases) assert.throws(() => checkRedemption(...args), { code, message });
});

test('a window begins when the price is fixed, which is 100 blocks after the boundary at the earliest', () => {
  assert.equal(windowOf({ ...unpriced, closing: undefined }), undefined);
  assert.deepEqual(windowOf(unpriced), { fromHeight: 600, untilHeight: 650 });
  assert.deepEqual(windowOf({ ...unpriced, pricedHeight: 640, windowBlocks: DEFAULT_WINDOW_BLOCKS }), {
    fromHeight: 640,
    untilHeight: 53_200,
  });
});

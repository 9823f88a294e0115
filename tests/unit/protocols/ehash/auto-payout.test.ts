import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import { autoPayoutLookupMessage, autoPayoutMessage } from '../../../../protocols/ehash/auto-payout.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';

const secretKey = new Uint8Array(32);
secretKey[31] = 1;
const mintKey = fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5');
const wish = {
  counter: 1_700_000_000,
  threshold: 50_000n,
  address: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
};

test('the vectors of docs/ehash.md', async () => {
  const { curve } = await loadCrypto();
  const sign = (message: Uint8Array) => toHex(curve.schnorrSign(message, secretKey, new Uint8Array(32)));
  const registration = autoPayoutMessage(mintKey, wish);
  const lookup = autoPayoutLookupMessage(mintKey, 1_700_000_000);
  assert.deepEqual(
    [toHex(registration), sign(registration), toHex(lookup), sign(lookup)],
    [
      '7df8308bfca0395848106e70a48c007f75cfee0f57fd2fce10cfb338e1782151',
      '6f0eb123db572a0c9668659735bd1f47bf3475f7c81369612ae293ef8a0de24280d3982e5ca788c53f88e389c594e7784ecd6d48fda009cc7975c2cd00459203',
      'ef96fd82a8868e026d229dfd324525824d2783fd834796138870c44541d6d0c5',
      '5d596ff0d6a2dfe6cd531ed95e657101091bb678b7f9232b9338d2c87ff3a208829ba6f63ec392dcd5d38093cc7d28e0290f9c28982f781c7662a55c8d0b6aeb',
    ],
  );
});

test('each field changes what is signed', () => {
  const messages = [
    wish,
    { ...wish, counter: wish.counter + 1 },
    { ...wish, threshold: 0n },
    { ...wish, address: '' },
  ].map((each) => toHex(autoPayoutMessage(mintKey, each)));
  messages.push(toHex(autoPayoutMessage(mintKey.toReversed(), wish)));
  assert.equal(new Set(messages).size, 5);
});

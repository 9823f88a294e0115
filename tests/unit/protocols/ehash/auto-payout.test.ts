import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import { autoPayoutMessage } from '../../../../protocols/ehash/auto-payout.ts';

const mintKey = fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5');
const wish = {
  counter: 1_700_000_000,
  threshold: 50_000n,
  address: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
};

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

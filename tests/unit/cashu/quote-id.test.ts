import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { newQuoteId, parseQuoteId, quoteIdText, quoteIdTime } from '../../../protocols/cashu/quote-id.ts';

test('an id has the time, version 7 and the variant where RFC 9562 puts them', () => {
  // RFC 9562, A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F is 2022-02-22T19:22:22Z.
  const random = Buffer.from('0cc318c4dc0c0c07398f', 'hex');
  assert.equal(quoteIdText(newQuoteId(0x017f22e279b0, random)), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('text and bytes of an id stand for each other, and later ids are greater', () => {
  const [first, second] = [
    newQuoteId(1_700_000_000_000, randomBytes(10)),
    newQuoteId(1_700_000_000_001, randomBytes(10)),
  ];
  assert.equal(toHex(parseQuoteId(quoteIdText(first)) ?? new Uint8Array()), toHex(first));
  assert.ok(quoteIdText(first) < quoteIdText(second));
  assert.equal(quoteIdTime(second), 1_700_000_000_001);
});

test('other texts are no ids', () => {
  const good = quoteIdText(newQuoteId(1, randomBytes(10)));
  const others = [
    '',
    good.toUpperCase(),
    good.slice(1),
    `${good}0`,
    good.replaceAll('-', ''),
    '9d745270-1405-46de-b5c5-e2762b4f5e00',
  ];
  for (const text of others) assert.equal(parseQuoteId(text), undefined, text);
});

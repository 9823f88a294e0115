import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { quoteLookupMessage, shareLookupMessage } from '../../../protocols/cashu/quote-lookup.ts';

const mint = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const owner = '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5';

test('nuts#391: the message in each of its drafts', () => {
  const nonce = '00112233445566778899aabbccddeeff';
  const text = `Cashu_MintQuoteLookup_v1${mint}${owner}`;
  assert.equal(toHex(quoteLookupMessage(mint, owner)), hash('sha256', text));
  assert.equal(
    toHex(quoteLookupMessage(mint, owner, { timestamp: 1788825600 })),
    hash('sha256', `${text}1788825600`),
  );
  assert.equal(
    toHex(quoteLookupMessage(mint, owner, { timestamp: 1788825600, nonce })),
    hash('sha256', `${text}${nonce}1788825600`),
  );
});

test('a look-up of a share is signed over something else than one of quotes', () => {
  const share = 'ab'.repeat(32);
  assert.equal(
    toHex(shareLookupMessage(mint, share)),
    hash('sha256', `Hashpool_ShareLookup_v1${mint}${share}`),
  );
});

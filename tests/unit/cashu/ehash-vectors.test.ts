import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { mintMessage } from '../../../protocols/cashu/nut20.ts';
import { quoteLookupMessage, shareLookupMessage } from '../../../protocols/cashu/quote-lookup.ts';
import { autoPayoutLookupMessage, autoPayoutMessage } from '../../../protocols/ehash/auto-payout.ts';
import { EHASH_EXTENSION, LOCKING_KEY_FIELD } from '../../../protocols/ehash/extension.ts';
import { decodeHpub, encodeHpub } from '../../../protocols/ehash/key.ts';
import { encodeTlvs } from '../../../protocols/sv2/tlv.ts';
import vectors from './vectors/ehash.json' with { type: 'json' };

const page = readFileSync(new URL('../../../docs/ehash.md', import.meta.url), 'utf8');
const { key, mintKey } = vectors;

function assertSigned(
  message: Uint8Array,
  { digest, signature }: { digest: string; signature: string },
): void {
  assert.equal(toHex(message), digest);
  const signed = schnorr.sign(message, fromHex(key.secret), new Uint8Array(32));
  assert.equal(toHex(signed), signature);
}

test('the vectors of docs/ehash.md are what this mint does', () => {
  assert.equal(toHex(secp256k1.getPublicKey(fromHex(key.secret))), key.point);
  assert.equal(encodeHpub(fromHex(key.point)), key.hpub);
  assert.equal(toHex(decodeHpub(key.hpub)), key.point);
  const field = { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: fromHex(key.point) };
  assert.equal(toHex(encodeTlvs([field])), key.tlv);
  const { quote, amount, B_ } = vectors.mint;
  assertSigned(mintMessage(quote, [{ amount: BigInt(amount), blinded: fromHex(B_) }]), vectors.mint);
  for (const { timestamp, nonce, ...signed } of vectors.quoteLookup) {
    const fresh = { ...(timestamp ? { timestamp } : {}), ...(nonce ? { nonce } : {}) };
    assertSigned(quoteLookupMessage(mintKey, key.point, fresh), signed);
  }
  assertSigned(shareLookupMessage(mintKey, vectors.shareLookup.hash), vectors.shareLookup);
  const { counter, threshold, address, lookup } = vectors.autoPayout;
  const wish = { counter, threshold: BigInt(threshold), address };
  assertSigned(autoPayoutMessage(fromHex(mintKey), wish), vectors.autoPayout);
  assertSigned(autoPayoutLookupMessage(fromHex(mintKey), counter), lookup);
});

test('docs/ehash.md shows these vectors and no others', () => {
  const texts = [...JSON.stringify(vectors).matchAll(/"([0-9a-z-]{32,})"/g)].flatMap(
    ([, text]) => text ?? [],
  );
  assert.equal(texts.length, 22);
  for (const text of texts) {
    const spaced = text.replace(/(..)(?=.)/g, '$1 ');
    assert.ok(page.includes(text) || page.includes(spaced), text);
  }
  const shown = [...page.matchAll(/`([0-9a-f]{64,})`/g)].flatMap(([, text]) => text ?? []);
  for (const text of shown) assert.ok(texts.includes(text), text);
});

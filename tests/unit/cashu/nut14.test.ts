import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockOf } from '../../../protocols/cashu/nut11.ts';
import { opensHash } from '../../../protocols/cashu/nut14.ts';

/** The pair of NUT-14, Hash lock. */
const HASH = 'ec4916dd28fc4c10d78e287ca5d9cc51ee1ae73cbfde08c6b37324cbfaac8bc5';
const PREIMAGE = `${'00'.repeat(31)}01`;

test('NUT-14: the preimage is 32 bytes in hex, hashed as bytes', () => {
  assert.equal(opensHash(PREIMAGE, HASH), true);
  for (const preimage of [undefined, '', '01', PREIMAGE.slice(2), `${PREIMAGE}00`, 'zz'.repeat(32), HASH]) {
    assert.equal(opensHash(preimage, HASH), false, preimage);
  }
});

test('NUT-14: an HTLC without keys asks for its preimage alone, and its hash must be one', () => {
  const htlc = (data: string, ...tags: string[][]) =>
    lockOf(JSON.stringify(['HTLC', { nonce: 'n', data, tags }]));
  assert.deepEqual(htlc(HASH)?.main, { keys: [], needed: 0 });
  assert.equal(htlc(HASH.toUpperCase())?.hash, HASH);
  assert.equal(htlc(HASH, ['pubkeys', `02${HASH}`])?.main.needed, 1);
  for (const data of ['', HASH.slice(2), `02${HASH}`, 'x'.repeat(64)]) {
    assert.throws(() => htlc(data), { code: 'secret-malformed' }, data);
  }
  assert.throws(() => htlc(HASH, ['n_sigs', '1']), { code: 'secret-malformed' });
});

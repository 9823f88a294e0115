import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import type { Json } from '../../../protocols/cashu/json.ts';
import { quoteLookupMessage, shareLookupMessage } from '../../../protocols/cashu/quote-lookup.ts';

import { assertError, openWeb } from './web.ts';

test('nuts#391: quotes of keys, signed, page after page', async (t) => {
  const mint = await openWeb(t);
  const owners = [randomBytes(32), randomBytes(32), randomBytes(32)];
  const keys = owners.map((secret) => mint.curve.publicKey(secret));
  const names: string[] = [];
  for (let i = 0; i < 7; i++) names.push(...(await mint.addQuotes(keys[i % 2] ?? new Uint8Array(), [i])));
  await mint.addQuotes(keys[2] ?? new Uint8Array(), [0]);
  const mintKey = toHex(mint.engine.signer.identity);
  const pubkeys = keys.slice(0, 2).map(toHex);
  const sign = (fresh = {}) =>
    owners
      .slice(0, 2)
      .map((secret, i) =>
        toHex(
          mint.curve.schnorrSign(
            quoteLookupMessage(mintKey, pubkeys[i] ?? '', fresh),
            secret,
            randomBytes(32),
          ),
        ),
      );
  const look = (request: object) =>
    mint.post('/v1/mint/quote/ehash/pubkey', { pubkeys, pubkey_signatures: sign(), ...request });

  const found: string[] = [];
  let cursor: Json | undefined;
  do {
    const { status, body } = await look({ limit: 3, cursor: cursor ?? null });
    assert.equal(status, 200, String(body['detail']));
    const quotes = body['quotes'] as { quote: string }[];
    assert.ok(quotes.length <= 3);
    found.push(...quotes.map(({ quote }) => quote));
    cursor = body['next_cursor'];
  } while (typeof cursor === 'string');
  assert.deepEqual(found, names);

  const timestamp = Math.floor(Date.now() / 1000);
  const nonce = 'ab'.repeat(16);
  for (const fresh of [{ timestamp }, { timestamp, nonce }]) {
    assert.equal((await look({ ...fresh, pubkey_signatures: sign(fresh) })).status, 200);
    assertError(await look(fresh), 'signature-invalid', /pubkey_signatures\[0\]/);
  }
  const old = { timestamp: timestamp - 400 };
  assertError(
    await look({ ...old, pubkey_signatures: sign(old) }),
    'lookup-expired',
    /s from the mint's clock/,
  );
  assertError(await look({ pubkey_signatures: sign().toReversed() }), 'signature-invalid');
  assertError(await look({ pubkey_signatures: sign().slice(1) }), 'request-malformed');
  assertError(await look({ pubkeys: [pubkeys[0], pubkeys[0]] }), 'request-malformed', /twice/);
  assertError(await look({ pubkeys: [], pubkey_signatures: [] }), 'request-malformed', /one at least/);
  assertError(await look({ pubkeys: Array.from({ length: 51 }, () => pubkeys[0]) }), 'batch-too-large');
  assertError(await look({ limit: 0 }), 'request-malformed', /limit/);
  assertError(await look({ cursor: `0000000000000000.${names[0]}` }), 'request-malformed', /cursor/);
  assertError(await look({ cursor: 'x' }), 'request-malformed', /cursor/);
  const { next_cursor: given } = (await look({ limit: 1 })).body;
  const forged = `${String(given).split('.')[0]}.017f22e2-79b0-7cc3-98c4-dc0c0c07398f`;
  assertError(await look({ cursor: forged }), 'request-malformed', /names no quote/);

  const proofs = [mint.blind(0)];
  await mint.engine.mint({
    quotes: [names[0] ?? ''],
    outputs: proofs,
    signatures: [mint.sign(names[0] ?? '', proofs, owners[0] ?? new Uint8Array())],
  });
  const open = (await look({ open: true })).body['quotes'] as { quote: string }[];
  assert.deepEqual(
    open.map(({ quote }) => quote),
    names.slice(1),
  );
  assert.equal(((await look({})).body['quotes'] as Json[]).length, 7);
});

test('a share is shown to who knows its hash, and whose quote it is to who holds its key', async (t) => {
  const mint = await openWeb(t);
  const secretKey = randomBytes(32);
  const [name = ''] = await mint.addQuotes(mint.curve.publicKey(secretKey), [7]);
  const [quote] = await mint.engine.quotes([name]);
  assert.ok(quote);
  const hash = toHex(reversed(quote.shareHashLe));
  const open = { state: 'PAID', amount: 128, unit: mint.unit };
  assert.deepEqual((await mint.get(`/v1/ehash/share/${hash}`)).body, open);
  const message = shareLookupMessage(toHex(mint.engine.signer.identity), hash);
  const sign = (secret: Uint8Array) => toHex(mint.curve.schnorrSign(message, secret, randomBytes(32)));
  const { body } = await mint.get(`/v1/ehash/share/${hash}?signature=${sign(secretKey)}`);
  assert.deepEqual(body, { ...open, quote: name, pubkey: toHex(mint.curve.publicKey(secretKey)) });
  assertError(
    await mint.get(`/v1/ehash/share/${hash}?signature=${sign(randomBytes(32))}`),
    'signature-invalid',
  );
  assertError(await mint.get(`/v1/ehash/share/${'00'.repeat(32)}`), 'quote-unknown');
  assertError(await mint.get('/v1/ehash/share/xyz'), 'request-malformed', /64 hex digits/);
});

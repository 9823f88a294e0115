import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { quoteLookupMessage } from '../../../protocols/cashu/quote-lookup.ts';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestPayments } from './payments-support.ts';
import { apiConfig, assertError, requestsTo } from './web.ts';

/** A mint whose invoices pay themselves when they are told to, and owners of keys. */
async function openScene(t: TestContext) {
  const scene = await openTestPayments(t, {});
  const { mint, payments } = scene;
  const http = cashuApi({
    config: apiConfig,
    engine: mint.engine,
    payments,
    log: createLog('test', 'silent'),
  });
  const { get, post } = requestsTo(http);
  const mintKey = toHex(mint.engine.signer.identity);
  const sign = (secret: Uint8Array) => {
    const message = quoteLookupMessage(mintKey, toHex(mint.curve.publicKey(secret)));
    return toHex(mint.curve.schnorrSign(message, secret, randomBytes(32)));
  };
  const look = (method: string, secrets: readonly Uint8Array[], more = {}) =>
    post(`/v1/mint/quote/${method}/pubkey`, {
      pubkeys: secrets.map((secret) => toHex(mint.curve.publicKey(secret))),
      pubkey_signatures: secrets.map(sign),
      ...more,
    });
  const found = async (...asked: Parameters<typeof look>) =>
    ((await look(...asked)).body['quotes'] as { quote: string; state: string }[]).map(({ quote, state }) => [
      quote,
      state,
    ]);
  return { ...scene, get, look, found };
}

test('nuts#391: invoices locked to keys are found, page after page, as they stand', async (t) => {
  const { mint, payments, bolt11, outputs, paidQuote, get, look, found } = await openScene(t);
  const [ann, bob, eve] = [randomBytes(32), randomBytes(32), randomBytes(32)];
  const quoteFor = (secret?: Uint8Array) =>
    payments.mintQuotes.create('bolt11', {
      unit: 'sat',
      amount: 5n,
      description: undefined,
      publicKey: secret && mint.curve.publicKey(secret),
    });
  const issued = await paidQuote(5, mint.curve.publicKey(ann));
  const [paid, unpaid] = [await quoteFor(bob), await quoteFor(ann)];
  await quoteFor();
  await quoteFor(eve);
  const blinded = outputs(5);
  const signatures = [mint.sign(issued, blinded, ann)];
  await payments.mintQuotes.mint('bolt11', { quotes: [issued], outputs: blinded, signatures });
  // The backend knows of the payment before the mint does.
  await bolt11.deposit(paid.lookup, 5n);

  const open = [
    [paid.name, 'PAID'],
    [unpaid.name, 'UNPAID'],
  ];
  assert.deepEqual(await found('bolt11', [ann, bob]), [[issued, 'ISSUED'], ...open]);
  assert.deepEqual(await found('bolt11', [ann, bob], { open: true }), open);
  assert.deepEqual(await found('bolt11', [randomBytes(32)]), []);
  const first = (await look('bolt11', [ann, bob], { limit: 1 })).body;
  const cursor = first['next_cursor'];
  assert.deepEqual(await found('bolt11', [ann, bob], { limit: 2, cursor }), open);
  assertError(await look('bolt11', [ann], { cursor }), 'request-malformed', /cursor/);
  const strange = `${String(cursor).split('.')[0]}.017f22e2-79b0-7cc3-98c4-dc0c0c07398f`;
  assertError(await look('bolt11', [ann, bob], { cursor: strange }), 'request-malformed', /names no quote/);

  assert.deepEqual(await found('ehash', [ann, bob]), [], 'each method has its own');
  assertError(await look('bolt12', [ann]), 'method-unsupported');
  assertError(await look('bolt11', [ann], { pubkey_signatures: ['ab'.repeat(64)] }), 'signature-invalid');
  assert.deepEqual((await get('/v1/info')).body['quotes_by_pubkey'], {
    supported: true,
    max_pubkeys: 50,
    max_page_size: 1000,
    methods: ['ehash', 'bolt11', 'onchain'],
  });
});

test('nuts#391: an address stays open when all that came is issued, for more may come', async (t) => {
  const { mint, payments, onchain, outputs, look, found } = await openScene(t);
  const secret = randomBytes(32);
  const quote = await payments.mintQuotes.create('onchain', {
    unit: 'sat',
    amount: undefined,
    description: undefined,
    publicKey: mint.curve.publicKey(secret),
  });
  await onchain.deposit(quote.lookup, 6n);
  const [paid] = (await look('onchain', [secret])).body['quotes'] as {
    request: string;
    amount_paid: number;
  }[];
  assert.equal(paid?.request, quote.request);
  assert.equal(paid?.amount_paid, 6);
  const blinded = outputs(6);
  const signatures = [mint.sign(quote.name, blinded, secret)];
  await payments.mintQuotes.mint('onchain', { quotes: [quote.name], outputs: blinded, signatures });
  assert.deepEqual(await found('onchain', [secret], { open: true }), [[quote.name, undefined]]);
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { openSatKeyset } from '../../../roles/mint/payments/sat-keyset.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestPayments, type PaymentOptions } from './payments-support.ts';
import { apiConfig, assertError, jsonOf, requestsTo } from './web.ts';

const log = createLog('test', 'silent');

async function openPaymentWeb(t: TestContext, options?: PaymentOptions) {
  const test = await openTestPayments(t, options);
  const { mint, payments } = test;
  const http = cashuApi({ config: apiConfig, engine: mint.engine, payments, log });
  return { ...test, ...requestsTo(http) };
}

const proofJson = ({ keysetId, exponent, secret, signature }: Input) => {
  return { amount: amountOf(exponent), id: keysetId, secret, C: toHex(signature) };
};

test('NUT-06: the info names methods, limits and options of payments', async (t) => {
  const { get } = await openPaymentWeb(t);
  const nuts = (await get('/v1/info')).body['nuts'];
  assert.ok(typeof nuts === 'object' && nuts !== null && !Array.isArray(nuts));
  const range = { min_amount: 1, max_amount: 1_000_000 };
  assert.deepEqual(nuts['5'], {
    methods: [
      { method: 'bolt11', unit: 'sat', ...range, options: { amountless: true } },
      { method: 'onchain', unit: 'sat', ...range },
    ],
    disabled: false,
  });
  assert.deepEqual(nuts['8'], { supported: true });
  assert.deepEqual(nuts['29'], { max_batch_size: 100, methods: ['ehash', 'bolt11', 'onchain'] });
  const minting = JSON.stringify(nuts['4']);
  assert.match(minting, /"method":"bolt11","unit":"sat".*"description":true.*"confirmations":1/);
});

test('NUT-04, NUT-20, NUT-23: a mint quote as wallets get it, and what it is refused with', async (t) => {
  const { get, post, outputs, paidQuote } = await openPaymentWeb(t);
  const pubkey = '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5';
  const { body } = await post('/v1/mint/quote/bolt11', { unit: 'sat', amount: 7, description: null, pubkey });
  const { quote, request, expiry, ...rest } = body;
  assert.match(String(quote), /^[0-9a-f-]{36}$/);
  assert.match(String(request), /^lnbc70n1/);
  assert.ok(Number(expiry) > Date.now() / 1000);
  const unpaid = { amount_paid: 0, amount_issued: 0, state: 'UNPAID' };
  assert.deepEqual(rest, { unit: 'sat', method: 'bolt11', amount: 7, pubkey, ...unpaid });

  assertError(await post('/v1/mint/quote/bolt11', { unit: 'sat' }), 'request-malformed', /amount is missing/);
  assertError(await post('/v1/mint/quote/bolt11', { unit: 'eur', amount: 7 }), 'unit-unsupported');
  assertError(await post('/v1/mint/quote/bolt12', { unit: 'sat', amount: 7 }), 'method-unsupported');
  assertError(await post('/v1/mint/quote/onchain', { unit: 'sat' }), 'pubkey-required');
  assertError(await get('/v1/mint/quote/bolt11/nothing'), 'quote-unknown');
  const paid = await paidQuote(7);
  assertError(await get(`/v1/mint/quote/onchain/${paid}`), 'quote-unknown');
  const mint = { quote: paid, outputs: outputs(7).map(jsonOf) };
  assert.equal((await post('/v1/mint/bolt11', mint)).status, 200);
  assert.equal((await get(`/v1/mint/quote/bolt11/${paid}`)).body['state'], 'ISSUED');
  assertError(await post('/v1/mint/bolt11', { ...mint, outputs: outputs(7).map(jsonOf) }), 'quote-issued');
});

test("NUT-29: the cases of the spec's tests: what can't be minted whole is not minted at all", async (t) => {
  const { mint, post, get, outputs, paidQuote, onchain } = await openPaymentWeb(t);
  const pubkey = toHex(mint.curve.publicKey(randomBytes(32)));
  const address = (await post('/v1/mint/quote/onchain', { unit: 'sat', pubkey })).body;
  await onchain.deposit(String(address['request']), 3n);
  const [first, second] = [await paidQuote(5), await paidQuote(3)];
  const blinded = outputs(8).map(jsonOf);
  const batch = (body: object) => post('/v1/mint/bolt11/batch', { outputs: blinded, ...body });
  assertError(await batch({ quotes: [] }), 'request-malformed', /empty/);
  assertError(await batch({ quotes: [first, first] }), 'duplicate-quotes');
  assertError(await batch({ quotes: [first, 'unknown_quote_id'] }), 'quote-unknown');
  assertError(await batch({ quotes: [first, address['quote']], quote_amounts: [5, 3] }), 'quote-unknown');
  const signature = 'ab'.repeat(64);
  assertError(await batch({ quotes: [first, second], signatures: [signature] }), 'signature-invalid');
  assertError(await batch({ quotes: [first, second], signatures: [null, signature] }), 'signature-invalid');
  assertError(await batch({ quotes: [first, second], quote_amounts: [5, 4] }), 'not-balanced');
  const unknown = { quotes: [first, 'bogus'] };
  assertError(await post('/v1/mint/quote/bolt11/check', unknown), 'quote-unknown');
  for (const quote of [first, second]) {
    assert.equal((await get(`/v1/mint/quote/bolt11/${quote}`)).body['state'], 'PAID');
  }
  const done = await batch({ quotes: [first, second], quote_amounts: [5, 3] });
  assert.ok(Array.isArray(done.body['signatures']) && done.body['signatures'].length === 1);
});

test('NUT-30: a quote for an address has no amount and no state', async (t) => {
  const { mint, post } = await openPaymentWeb(t);
  const pubkey = toHex(mint.curve.publicKey(randomBytes(32)));
  const { body } = await post('/v1/mint/quote/onchain', { unit: 'sat', pubkey });
  const { quote, request, expiry, ...rest } = body;
  assert.ok(quote && request && expiry);
  assert.deepEqual(rest, { unit: 'sat', method: 'onchain', amount_paid: 0, amount_issued: 0, pubkey });
});

test('NUT-05, NUT-08: a melt quote as wallets get it, before and after, and what it is refused with', async (t) => {
  const { get, post, invoiceOf, sats, blanks } = await openPaymentWeb(t);
  const request = await invoiceOf(100);
  const { body } = await post('/v1/melt/quote/bolt11', { unit: 'sat', request });
  const { quote, expiry, ...rest } = body;
  const named = { request, unit: 'sat', method: 'bolt11', amount: 100, fee_reserve: 2 };
  assert.deepEqual(rest, { ...named, payment_preimage: null, state: 'UNPAID' });
  const options = { mpp: { amount: 50_000 } };
  assertError(await post('/v1/melt/quote/bolt11', { unit: 'sat', request, options }), 'request-malformed');
  assertError(await get('/v1/melt/quote/bolt11/nothing'), 'quote-unknown');

  const inputs = (await sats(110)).map(proofJson);
  // Wallets send blank outputs with any amount, or with none.
  const outputs = blanks(4).map(({ keysetId, blinded }, i) => {
    return { ...(i === 0 ? {} : { amount: 0 }), id: keysetId, B_: toHex(blinded) };
  });
  const paid = await post('/v1/melt/bolt11', { quote, inputs, outputs });
  assert.equal(paid.status, 200);
  const { payment_preimage, change, ...ended } = paid.body;
  assert.match(String(payment_preimage), /^[0-9a-f]{64}$/);
  assert.deepEqual(ended, { quote, ...named, state: 'PAID', expiry });
  assert.ok(Array.isArray(change) && change.length === 2);
  assert.deepEqual((await get(`/v1/melt/quote/bolt11/${quote}`)).body, paid.body);
  assertError(await post('/v1/melt/quote/bolt11', { unit: 'sat', request }), 'invoice-paid');
});

test('NUT-30: a melt quote offers fees, and shows which was chosen', async (t) => {
  const { get, post, sats } = await openPaymentWeb(t);
  const wish = { unit: 'sat', request: 'an address', amount: 50 };
  const { body } = await post('/v1/melt/quote/onchain', wish);
  assert.deepEqual(body['fee_options'], [
    { fee_index: 0, fee_reserve: 6, estimated_blocks: 1 },
    { fee_index: 1, fee_reserve: 4, estimated_blocks: 6 },
    { fee_index: 2, fee_reserve: 2, estimated_blocks: 144 },
  ]);
  assert.deepEqual([body['selected_fee_index'], body['outpoint']], [null, null]);
  assert.ok(!('fee_reserve' in body));
  assertError(await post('/v1/melt/quote/onchain', { ...wish, amount: null }), 'request-malformed');
  const melt = { quote: body['quote'], inputs: (await sats(52)).map(proofJson), fee_index: 2 };
  assert.equal((await post('/v1/melt/onchain', melt)).body['selected_fee_index'], 2);
  const path = `/v1/melt/quote/onchain/${body['quote']}`;
  while ((await get(path)).body['state'] !== 'PAID');
});

test('NUT-02: fee, expiry and rotation show in the keysets; retired ones are taken and sign no more', async (t) => {
  const { mint, get, post, satKeyset, sats, outputs, meltQuote, melt, payments, blanks } =
    await openPaymentWeb(t);
  const proofs = await sats(8);
  const held = await meltQuote(4, { pay_invoice_state: 'PENDING', check_payment_state: 'PAID' });
  const change = blanks(2);
  await melt(held, await sats(8), { outputs: change });
  const config = { keyset: 1, input_fee_ppk: 500, final_expiry: Math.floor(Date.now() / 1000) + 3600 };
  const { keysets } = mint.engine;
  await openSatKeyset(keysets, config, log);
  const active = keysets.active('sat');
  const listed = (await get('/v1/keysets')).body['keysets'];
  assert.ok(Array.isArray(listed));
  assert.deepEqual(listed.slice(1), [
    { id: satKeyset, unit: 'sat', active: false, input_fee_ppk: 0, final_expiry: null },
    { id: active?.id, unit: 'sat', active: true, input_fee_ppk: 500, final_expiry: config.final_expiry },
  ]);
  const swap = { inputs: proofs.map(proofJson), outputs: outputs(8).map(jsonOf) };
  assertError(await post('/v1/swap', swap), 'keyset-inactive');
  const wanted = mint.blind(3, active?.id);
  assert.equal((await post('/v1/swap', { ...swap, outputs: [jsonOf(wanted)] })).status, 200);

  // What was promised as change before the rotation is signed after it.
  await payments.lookAfter(Date.now() + 60_000);
  const ended = await payments.meltQuotes.find('bolt11', held.name);
  assert.deepEqual(
    [ended.state, ended.change.map(({ keysetId }) => keysetId)],
    ['PAID', [satKeyset, satKeyset]],
  );

  for (const [wrong, message] of [
    [{ ...config, keyset: 0 }, /replaced by keyset 1/],
    [{ ...config, input_fee_ppk: 400 }, /raise the index to 2/],
  ] as const) {
    await assert.rejects(openSatKeyset(keysets, wrong, log), { code: 'bad-config', message });
  }
});

test('a keyset that has ended is refused on both sides', async (t) => {
  const { mint, post, sats, outputs } = await openPaymentWeb(t);
  const proofs = await sats(8);
  const { keysets } = mint.engine;
  const past = { unit: 'sat', derivationIndex: 1, inputFeePpk: 0, finalExpiry: 1_000 };
  await keysets.rotateTo(past);
  const ended = keysets.active('sat')?.id ?? '';
  const swap = { inputs: proofs.map(proofJson), outputs: [jsonOf(mint.blind(3, ended))] };
  assertError(await post('/v1/swap', swap), 'keyset-expired');
  const [proof] = proofs;
  assert.ok(proof);
  const inputs = [proofJson({ ...proof, keysetId: ended })];
  assertError(await post('/v1/swap', { inputs, outputs: outputs(8).map(jsonOf) }), 'keyset-expired');
});

test('however often wallets ask for a state, the backend is asked once a second', async (t) => {
  const { get, post, bolt11 } = await openPaymentWeb(t, {});
  const { body } = await post('/v1/mint/quote/bolt11', { unit: 'sat', amount: 7 });
  let asked = 0;
  const received = bolt11.received.bind(bolt11);
  bolt11.received = (after, limit) => {
    asked++;
    return received(after, limit);
  };
  for (let i = 0; i < 30; i++) await get(`/v1/mint/quote/bolt11/${body['quote']}`);
  assert.ok(asked <= 3, `asked ${asked} times`);
});

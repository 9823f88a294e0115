import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { sumOf } from '../../../protocols/cashu/amount.ts';
import { decodeInvoice } from '../../../protocols/lightning/invoice.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { openTestPayments } from './payments-support.ts';

const wish = { unit: 'sat', amount: 100n, description: undefined, publicKey: undefined };

test('NUT-23: a quote is an invoice; once it is paid, its amount is minted, once', async (t) => {
  const test = await openTestPayments(t, {});
  const { mint, payments, bolt11, outputs } = test;
  const { mintQuotes } = payments;
  const quote = await mintQuotes.create('bolt11', { ...wish, description: 'a cup of coffee' });
  const { curve } = await loadCrypto();
  const invoice = decodeInvoice(curve, quote.request);
  assert.deepEqual([invoice.amountMsat, invoice.description], [100_000n, 'a cup of coffee']);
  assert.equal(quote.expiry, invoice.expiresAt);
  assert.deepEqual([quote.state, quote.amountPaid, quote.amountIssued], ['UNPAID', 0n, 0n]);

  const wanted = outputs(100);
  const request = { quotes: [quote.name], outputs: wanted, signatures: [undefined] };
  await assert.rejects(mintQuotes.mint('bolt11', request), { code: 'quote-unpaid' });
  await bolt11.deposit(quote.lookup, 100n);
  const told: string[] = [];
  mint.engine.events.on('quote-changed', (event) => told.push(`${event.kind} ${event.quote}`));
  while ((await mintQuotes.find('bolt11', [quote.name]))[0]?.state !== 'PAID');
  assert.deepEqual(told.splice(0), [`mint ${quote.name}`]);

  await assert.rejects(mintQuotes.mint('bolt11', { ...request, outputs: outputs(99) }), {
    code: 'not-balanced',
  });
  const issued = await mintQuotes.mint('bolt11', request);
  assert.equal(sumOf(issued.map(({ exponent }) => exponent)), 100n);
  const [after] = await mintQuotes.find('bolt11', [quote.name]);
  assert.deepEqual([after?.state, after?.amountPaid, after?.amountIssued], ['ISSUED', 100n, 100n]);
  assert.deepEqual(await mintQuotes.mint('bolt11', request), issued, 'NUT-19: the same again');
  await assert.rejects(mintQuotes.mint('bolt11', { ...request, outputs: outputs(100) }), {
    code: 'quote-issued',
  });
});

test('quotes are refused for other units, amounts out of range, words that no invoice holds, keys that are none', async (t) => {
  const { payments } = await openTestPayments(t, {});
  const cases: [string, Partial<typeof wish> | { publicKey: Uint8Array } | { description: string }][] = [
    ['unit-unsupported', { unit: 'usd' }],
    ['amount-out-of-range', { amount: 1_000_001n }],
    ['request-malformed', { description: 'ä'.repeat(320) }],
    ['pubkey-required', { publicKey: Uint8Array.of(2, ...new Uint8Array(31), 5) }],
  ];
  for (const [code, wrong] of cases) {
    await assert.rejects(payments.mintQuotes.create('bolt11', { ...wish, ...wrong }), { code });
  }
  await assert.rejects(payments.mintQuotes.create('bolt12', wish), { code: 'method-unsupported' });
});

test('NUT-20: a locked quote needs a signature over this very request, an open one takes none', async (t) => {
  const { mint, payments, paidQuote, outputs } = await openTestPayments(t);
  const secretKey = randomBytes(32);
  const locked = await paidQuote(5, mint.curve.publicKey(secretKey));
  const open = await paidQuote(5);
  const wanted = outputs(5);
  const attempt = (quote: string, signature: Uint8Array | undefined) =>
    payments.mintQuotes.mint('bolt11', { quotes: [quote], outputs: wanted, signatures: [signature] });
  const other = mint.sign(locked, outputs(5), secretKey);
  for (const wrong of [undefined, other]) {
    await assert.rejects(attempt(locked, wrong), { code: 'signature-invalid' });
  }
  await assert.rejects(attempt(open, other), { code: 'signature-invalid' });
  assert.equal((await attempt(locked, mint.sign(locked, wanted, secretKey))).length, 2);
});

test('NUT-29: a batch of quotes, locked and open, is minted whole or not at all', async (t) => {
  const { mint, payments, paidQuote, outputs } = await openTestPayments(t);
  const secretKey = randomBytes(32);
  const quotes = [await paidQuote(5), await paidQuote(3, mint.curve.publicKey(secretKey))];
  const wanted = outputs(8);
  const signatures = [undefined, mint.sign(quotes[1] ?? '', wanted, secretKey)];
  const { mintQuotes } = payments;
  const batch = { quotes, outputs: wanted, signatures };
  await assert.rejects(mintQuotes.mint('bolt11', { ...batch, expectedAmounts: [5n, 4n] }), {
    code: 'not-balanced',
  });
  const unknown = { ...batch, quotes: [quotes[0] ?? '', '019e6d5a-2347-7000-8037-b42dae20f1fe'] };
  await assert.rejects(mintQuotes.mint('bolt11', unknown), { code: 'quote-unknown' });
  await assert.rejects(mintQuotes.find('bolt11', unknown.quotes), { code: 'quote-unknown' });
  await assert.rejects(mintQuotes.mint('bolt11', { ...batch, quotes: [], signatures: [] }), {
    code: 'request-malformed',
  });
  const states = async () => (await mintQuotes.find('bolt11', quotes)).map(({ state }) => state);
  assert.deepEqual(await states(), ['PAID', 'PAID']);
  assert.equal((await mintQuotes.mint('bolt11', { ...batch, expectedAmounts: [5n, 3n] })).length, 1);
  assert.deepEqual(await states(), ['ISSUED', 'ISSUED']);
});

test('NUT-30: an address is paid as often as somebody likes, and minted in parts', async (t) => {
  const { mint, payments, onchain, outputs } = await openTestPayments(t, {});
  const { mintQuotes } = payments;
  const secretKey = randomBytes(32);
  const address = { unit: 'sat', amount: undefined, description: undefined };
  await assert.rejects(mintQuotes.create('onchain', { ...address, publicKey: undefined }), {
    code: 'pubkey-required',
  });
  const quote = await mintQuotes.create('onchain', {
    ...address,
    publicKey: mint.curve.publicKey(secretKey),
  });
  await onchain.deposit(quote.lookup, 70n);
  await onchain.deposit(quote.lookup, 30n);
  const late = (quote.expiry ?? 0) + 1;
  await onchain.deposit(quote.lookup, 1000n, late);
  const paid = async () => (await mintQuotes.find('onchain', [quote.name]))[0]?.amountPaid;
  while ((await paid()) !== 100n);

  const mintPart = (amount: number) => {
    const wanted = outputs(amount);
    const signatures = [mint.sign(quote.name, wanted, secretKey)];
    return mintQuotes.mint('onchain', { quotes: [quote.name], outputs: wanted, signatures });
  };
  await mintPart(60);
  await assert.rejects(mintPart(41), { code: 'not-balanced' });
  await mintPart(40);
  await assert.rejects(mintPart(1), { code: 'quote-issued' });
  await onchain.deposit(quote.lookup, 5n);
  while ((await paid()) !== 105n);
  await mintPart(5);
});

test('payments are credited once, whatever the backend tells how often, and none is lost over a restart', async (t) => {
  const { mint, payments, bolt11 } = await openTestPayments(t, {});
  const { store } = mint.engine;
  const quote = await payments.mintQuotes.create('bolt11', wish);
  const payment = { id: 'a', lookup: quote.lookup, amount: 100n, seenAt: 0 };
  const delivery = { method: 'bolt11', position: '7', minimum: 1n, payments: [payment, payment] };
  assert.equal((await store.call('creditPayments', delivery)).length, 1);
  assert.equal((await store.call('creditPayments', delivery)).length, 0);
  assert.equal(await store.call('watermark', 'bolt11'), '7');
  const strangers = [{ ...payment, id: 'b', lookup: 'nobody' }];
  assert.deepEqual(await store.call('creditPayments', { ...delivery, payments: strangers }), [
    { quote: undefined, paymentId: 'b', amount: payment.amount, credited: 0n },
  ]);
  const short = await payments.mintQuotes.create('bolt11', wish);
  const tooLittle = [{ ...payment, id: 'c', lookup: short.lookup, amount: 99n }];
  const [receipt] = await store.call('creditPayments', { ...delivery, payments: tooLittle });
  assert.deepEqual([receipt?.amount, receipt?.credited], [99n, 0n]);
  const [found] = await payments.mintQuotes.find('bolt11', [quote.name]);
  assert.equal(found?.amountPaid, 100n);
  assert.equal((await bolt11.received(undefined, 10)).payments.length, 0);
});

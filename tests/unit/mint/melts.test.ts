import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { sumOf } from '../../../protocols/cashu/amount.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import type { MeltQuote } from '../../../roles/mint/payments/melt-quotes.ts';
import { Melts } from '../../../roles/mint/payments/melts.ts';
import { CLAIM_MS, Settlement } from '../../../roles/mint/payments/settlement.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestPayments, type TestPayments } from './payments-support.ts';

/** After which another process may look for the payment. */
const A_MINUTE_MS = 60_000;
const wish = { unit: 'sat', amount: undefined, amountMsat: undefined };
const ysOf = async ({ mint }: TestPayments, secrets: readonly string[]) =>
  mint.engine.proofStates(secrets.map((secret) => mint.curve.hashToCurve(new TextEncoder().encode(secret))));

async function ended(test: TestPayments, { method, name }: MeltQuote): Promise<MeltQuote> {
  for (;;) {
    const quote = await test.payments.meltQuotes.find(method, name);
    if (quote.state !== 'PENDING') return quote;
    await delay(20);
  }
}

test('NUT-05, NUT-08, NUT-23: an invoice is paid with proofs, and what was too much comes back', async (t) => {
  const test = await openTestPayments(t);
  const quote = await test.meltQuote(100);
  assert.deepEqual([quote.state, quote.amount, quote.feeOptions[0]?.reserve], ['UNPAID', 100n, 2n]);
  const inputs = await test.sats(110);
  const blanks = test.blanks(4);
  const told: string[] = [];
  test.mint.engine.events.on('quote-changed', ({ kind }) => told.push(kind));
  test.mint.engine.events.on('proofs-changed', ({ state }) => told.push(state));
  const paid = await test.melt(quote, inputs, { outputs: blanks });
  assert.equal(paid.state, 'PAID');
  assert.match(paid.proof ?? '', /^[0-9a-f]{64}$/);
  // 110 provided, 100 paid, a fee of 1: 9 come back, of which the first blank outputs bear the amounts in order.
  assert.deepEqual(
    paid.change.map(({ exponent }) => exponent),
    [0, 3],
  );
  assert.deepEqual(told, ['melt', 'PENDING', 'melt', 'SPENT']);
  const change = paid.change.flatMap((signature, i) =>
    blanks[i] ? [test.mint.unblind(blanks[i], signature)] : [],
  );
  await test.mint.engine.swap(change, test.outputs(9));
  const states = await ysOf(
    test,
    inputs.map(({ secret }) => secret),
  );
  assert.ok(states.every(({ state }) => state === 'SPENT'));
  const again = await test.payments.meltQuotes.find('bolt11', quote.name);
  assert.deepEqual(again, paid, 'the state shows proof and change again');
  assert.equal(auditMint(test.mint.path).units.get('sat')?.outstanding, 9n);
  assert.deepEqual(await test.melt(quote, inputs, { outputs: blanks }), paid, 'NUT-19: the same again');
  await assert.rejects(test.melt(quote, await test.sats(128)), { code: 'invoice-paid' });
  const request = { ...wish, request: quote.request };
  await assert.rejects(test.payments.meltQuotes.create('bolt11', request), { code: 'invoice-paid' });
});

test('what a payment takes must be there: amount, reserve and the fee of the inputs', async (t) => {
  const test = await openTestPayments(t, { paysAfterMs: 0, inputFeePpk: 1000 });
  const quote = await test.meltQuote(4);
  const inputs = await test.sats(7);
  assert.equal(inputs.length, 3);
  await assert.rejects(test.melt(quote, inputs), { code: 'not-balanced', message: /take 9/ });
  const enough = [...inputs, ...(await test.sats(4))];
  const paid = await test.melt(quote, enough, { outputs: test.blanks(8) });
  assert.equal(sumOf(paid.change.map(({ exponent }) => exponent)), 11n - 4n - 4n - 1n);
});

test('too few blank outputs bear the largest amounts; without any, nothing comes back', async (t) => {
  const test = await openTestPayments(t);
  const paid = await test.melt(await test.meltQuote(2), await test.sats(10), { outputs: test.blanks(1) });
  assert.deepEqual(
    paid.change.map(({ exponent }) => exponent),
    [2],
  );
  const none = await test.melt(await test.meltQuote(2), await test.sats(10));
  assert.deepEqual(none.change, []);
});

test('a payment that fails for good gives the proofs back, and may be tried again', async (t) => {
  const test = await openTestPayments(t);
  const quote = await test.meltQuote(10, { pay_invoice_state: 'FAILED' });
  const [inputs, blanks] = [await test.sats(16), test.blanks(3)];
  for (const attempt of [1, 2]) {
    await assert.rejects(test.melt(quote, inputs, { outputs: blanks }), { code: 'payment-failed' });
    const found = await test.payments.meltQuotes.find('bolt11', quote.name);
    assert.deepEqual([found.state, found.attempt, found.provided], ['UNPAID', attempt, undefined]);
  }
  const states = await ysOf(
    test,
    inputs.map(({ secret }) => secret),
  );
  assert.ok(states.every(({ state }) => state === 'UNSPENT'));
  await test.melt(await test.meltQuote(10), inputs, { outputs: blanks });
});

test('while nothing is certain the quote is pending and holds proofs and outputs', async (t) => {
  const test = await openTestPayments(t);
  const quote = await test.meltQuote(10, { pay_invoice_state: 'PENDING', check_payment_state: 'PENDING' });
  const [inputs, blanks] = [await test.sats(16), test.blanks(1)];
  const pending = await test.melt(quote, inputs, { outputs: blanks });
  assert.equal(pending.state, 'PENDING');
  const secrets = inputs.map(({ secret }) => secret);
  assert.deepEqual(await ysOf(test, secrets), [{ state: 'PENDING', witness: null }]);
  assert.equal(
    (await test.melt(quote, inputs, { outputs: blanks })).state,
    'PENDING',
    'NUT-19: the same again',
  );
  await assert.rejects(test.melt(quote, await test.sats(16)), { code: 'quote-pending' });
  await assert.rejects(test.melt(await test.meltQuote(1), inputs), { code: 'proofs-pending' });
  await assert.rejects(test.mint.engine.swap(inputs, test.outputs(16)), { code: 'proofs-pending' });
  const other = test.melt(await test.meltQuote(1), await test.sats(4), { outputs: blanks });
  await assert.rejects(other, { code: 'outputs-pending' });
  const [first] = await test.sats(1);
  assert.ok(first);
  const taken = blanks.map((blank) => ({ ...blank, exponent: 0 }));
  await assert.rejects(test.mint.engine.swap([first], taken), { code: 'outputs-pending' });
  const request = { ...wish, request: quote.request };
  await assert.rejects(test.payments.meltQuotes.create('bolt11', request), { code: 'quote-pending' });
});

for (const { what, instructions } of [
  { what: 'was made though pay threw', instructions: { pay_err: true, check_payment_state: 'PAID' } },
  { what: 'says pending first', instructions: { pay_invoice_state: 'PENDING', check_payment_state: 'PAID' } },
]) {
  test(`a payment that ${what} is looked up, and paid once`, async (t) => {
    const test = await openTestPayments(t);
    const quote = await test.meltQuote(10, instructions);
    const pending = await test.melt(quote, await test.sats(16), { outputs: test.blanks(3) });
    assert.equal(pending.state, 'PENDING');
    await test.payments.lookAfter(Date.now() + 60_000);
    const paid = await ended(test, quote);
    assert.deepEqual(
      [paid.state, paid.attempt, sumOf(paid.change.map(({ exponent }) => exponent))],
      ['PAID', 1, 5n],
    );
    // All that came in, less one payment of 10 and its fee of 1.
    assert.equal(await test.bolt11.balance(), 16n - 11n);
  });
}

/** A melt whose process was gone before its backend heard of it. */
async function left(test: TestPayments, claimedUntil: number): Promise<MeltQuote> {
  const quote = await test.meltQuote(10);
  const { engine } = test.mint;
  const checked = { inputs: await test.sats(16), unit: 'sat', sum: 16n, fee: 0n };
  const inputs = await engine.spendable(checked, { outputs: [], quote: quote.name });
  const begun = { id: quote.id, selectedFee: 0, provided: 16n, inputs, outputs: [], now: 0, claimedUntil };
  await engine.store.call('beginMelt', begun);
  return quote;
}

test('a payment that the backend never heard of is asked for again, and not before the books are sound', async (t) => {
  const test = await openTestPayments(t);
  const quote = await left(test, 0);
  const { issuance } = test.mint.engine;
  const pays = t.mock.method(test.bolt11, 'pay');
  issuance.hold();
  await test.payments.lookAfter(Date.now());
  assert.equal((await test.payments.meltQuotes.find('bolt11', quote.name)).state, 'PENDING');
  assert.equal(pays.mock.callCount(), 0);
  issuance.release();
  await test.payments.lookAfter(Date.now() + A_MINUTE_MS);
  assert.equal((await ended(test, quote)).state, 'PAID');
  assert.equal(pays.mock.callCount(), 1);
});

test('what the last run left is settled once the books are sound, without waiting for a claim to end', async (t) => {
  const test = await openTestPayments(t);
  const quote = await left(test, Date.now() + 10_000);
  const { engine } = test.mint;
  engine.issuance.hold();
  const settlement = new Settlement(engine, test.payments.methods, createLog('test', 'silent'));
  t.after(() => settlement.close());
  const started = settlement.start();
  assert.equal(await Promise.race([started, delay(100, 'waits')]), 'waits');
  engine.issuance.release();
  await started;
  const state = async () => (await test.payments.meltQuotes.find('bolt11', quote.name)).state;
  // On a store of several processes whoever has claimed it may be alive.
  if (engine.isShared) {
    assert.equal(await state(), 'PENDING');
    await settlement.lookAfter(Date.now() + A_MINUTE_MS);
  }
  assert.equal(await state(), 'PAID');
});

test('what the last run left under way is looked up again a few seconds after the start', async (t) => {
  const test = await openTestPayments(t);
  const { engine } = test.mint;
  const quote = await test.meltQuote(10, { pay_invoice_state: 'PENDING', check_payment_state: 'PENDING' });
  await test.melt(quote, await test.sats(16));
  const settlement = new Settlement(engine, test.payments.methods, createLog('test', 'silent'));
  t.after(() => settlement.close());
  await settlement.start();
  const due = (now: number) => engine.store.call('claimMelts', { now, until: now, limit: 1 });
  assert.equal((await due(Date.now())).length, 0);
  assert.equal((await due(Date.now() + (engine.isShared ? CLAIM_MS : 5_000))).length, 1);
});

test('more payments than the mint can wait for are told to come back, and hold nothing', async (t) => {
  const test = await openTestPayments(t);
  const { methods, meltQuotes } = test.payments;
  const { engine } = test.mint;
  const settlement = new Settlement(engine, methods, createLog('test', 'silent'), 1);
  t.after(() => settlement.close());
  const melts = new Melts(engine, methods, meltQuotes, settlement);
  const request = async (inputs: readonly Input[]) => {
    const { name: quote } = await test.meltQuote(10, { delay_ms: 300 });
    return { quote, inputs, outputs: [], feeIndex: 0, preferAsync: true };
  };
  const [first, second] = [await request(await test.sats(16)), await request(await test.sats(16))];
  await melts.melt('bolt11', first);
  await assert.rejects(melts.melt('bolt11', second), { code: 'overloaded' });
  const paid = async (quote: string) => (await meltQuotes.find('bolt11', quote)).state === 'PAID';
  while (!(await paid(first.quote))) await delay(20);
  assert.equal((await melts.melt('bolt11', second)).state, 'PENDING');
  while (!(await paid(second.quote))) await delay(20);
});

test('prefer_async: the answer does not wait for the payment', async (t) => {
  const test = await openTestPayments(t);
  const quote = await test.meltQuote(10, { delay_ms: 300 });
  const begun = await test.melt(quote, await test.sats(16), { preferAsync: true });
  assert.equal(begun.state, 'PENDING');
  assert.equal((await ended(test, quote)).state, 'PAID');
});

test('an invoice of this very mint is settled inside, at no fee, and its quote is paid', async (t) => {
  const test = await openTestPayments(t, {});
  const { mintQuotes, meltQuotes } = test.payments;
  const own = await mintQuotes.create('bolt11', {
    unit: 'sat',
    amount: 20n,
    description: undefined,
    publicKey: undefined,
  });
  const quote = await meltQuotes.create('bolt11', { ...wish, request: own.request });
  assert.equal(quote.feeOptions[0]?.reserve, 0n);
  const paid = await test.melt(quote, await test.sats(25), { outputs: test.blanks(3) });
  assert.deepEqual([paid.state, sumOf(paid.change.map(({ exponent }) => exponent))], ['PAID', 5n]);
  const outputs = test.outputs(20);
  await mintQuotes.mint('bolt11', { quotes: [own.name], outputs, signatures: [undefined] });
  assert.equal(auditMint(test.mint.path).units.get('sat')?.outstanding, 25n);
  assert.equal(await test.bolt11.balance(), 25n, 'nothing left the mint');
});

test('NUT-30: a payment on the chain takes one of the fees that it was offered, and is never waited for', async (t) => {
  const test = await openTestPayments(t);
  const request = { ...wish, request: 'an address', amount: 50n };
  const quote = await test.payments.meltQuotes.create('onchain', request);
  assert.deepEqual(
    quote.feeOptions.map(({ reserve, blocks }) => [reserve, blocks]),
    [
      [6n, 1],
      [4n, 6],
      [2n, 144],
    ],
  );
  const inputs = await test.sats(54);
  await assert.rejects(test.melt(quote, inputs, { feeIndex: 3 }), { code: 'request-malformed' });
  await assert.rejects(test.melt(quote, inputs, { feeIndex: 0 }), { code: 'not-balanced' });
  await test.melt(quote, inputs, { feeIndex: 1, outputs: test.blanks(2) });
  const paid = await ended(test, quote);
  assert.deepEqual([paid.state, paid.selectedFee], ['PAID', 1]);
  assert.equal(sumOf(paid.change.map(({ exponent }) => exponent)), 3n);
});

test('invoices that leave the amount open take it from the wallet; others must agree with it', async (t) => {
  const test = await openTestPayments(t);
  const { meltQuotes } = test.payments;
  const open = { ...wish, request: await test.invoiceOf(undefined) };
  await assert.rejects(meltQuotes.create('bolt11', open), { code: 'amountless-unsupported' });
  assert.equal((await meltQuotes.create('bolt11', { ...open, amountMsat: 1_500n })).amount, 2n);
  const fixed = { ...wish, request: await test.invoiceOf(3) };
  await assert.rejects(meltQuotes.create('bolt11', { ...fixed, amountMsat: 2_000n }), {
    code: 'amount-differs',
  });
  assert.equal((await meltQuotes.create('bolt11', { ...fixed, amountMsat: 3_000n })).amount, 3n);
  await assert.rejects(meltQuotes.create('bolt11', { ...wish, request: 'lnbc1' }), {
    code: 'request-malformed',
  });
  await assert.rejects(meltQuotes.create('bolt11', { ...fixed, unit: 'usd' }), { code: 'unit-unsupported' });
  const much = { ...wish, request: await test.invoiceOf(1_000_001) };
  await assert.rejects(meltQuotes.create('bolt11', much), { code: 'amount-out-of-range' });
});

test('a mint that was held up does not pay: another process may have given the inputs back', async (t) => {
  const { mint, payments, bolt11, meltQuote } = await openTestPayments(t);
  const quote = await meltQuote(10);
  const settlement = new Settlement(mint.engine, payments.methods, createLog('test', 'silent'));
  t.after(() => settlement.close());
  const begun = { ...quote, attempt: 1, selectedFee: 0, provided: 12n, outputs: [] };
  const { request, amount, feeOptions } = quote;
  const [fee] = feeOptions;
  assert.ok(fee);
  const payment = { request, amount, fee, key: `${quote.name}.1` };
  assert.equal(await settlement.pay(begun, Date.now() - 1), undefined);
  assert.deepEqual(await bolt11.lookUp(payment), { state: 'unknown' });
  await settlement.pay(begun, Date.now() + 60_000);
  assert.equal((await bolt11.lookUp(payment)).state, 'paid');
});

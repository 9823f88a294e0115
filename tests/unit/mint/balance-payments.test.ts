import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { mismatchOf } from '../../../domain/ledger/sums.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { newQuoteId, quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { acceptLoss, lossOf } from '../../../roles/mint/accept-loss.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import type { Payable } from '../../../roles/mint/payments/backend.ts';
import { BalancePayments } from '../../../roles/mint/payments/balance-payments.ts';
import { Settlement } from '../../../roles/mint/payments/settlement.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { closeEpoch } from '../../harness/close-epoch.ts';
import { openTestPayments, type PaymentOptions } from './payments-support.ts';

const TIP = 300;
const ADDRESS = 'an address';

/** A mint that owes a key so many sats, out of one epoch whose price is fixed, and pays from 1,000 on. */
async function scene(
  t: TestContext,
  sats: number,
  autoPayout: PaymentOptions['autoPayout'] = { least: 1_000n, maxFeePpm: 50_000 },
) {
  const { mint, payments, onchain } = await openTestPayments(t, { autoPayout });
  const { store } = mint.engine;
  const key = mint.curve.publicKey(randomBytes(32));
  await mint.addQuotes(key, [3]);
  const to = { address: ADDRESS, script: Uint8Array.of(0x51) };
  await store.call('registerPayout', { publicKey: key, counter: 1, to, threshold: 0n });
  const epoch = (await store.call('epochByUnit', mint.unit))?.epoch ?? 0;
  closeEpoch(mint.path, epoch, BigInt(sats));
  await store.call('fixPrice', { epochs: [epoch], height: TIP });
  await store.call('creditPayouts', { limit: 100 });
  return {
    mint,
    payments,
    onchain,
    store,
    key,
    standing: async () => {
      const found = await store.call('payoutKey', key);
      assert.ok(found);
      return { balance: found.balance, payments: found.payments };
    },
    sound(): void {
      const { units, sats: books } = auditMint(mint.path);
      assert.deepEqual(
        [...units].flatMap(([unit, sums]) => mismatchOf(unit, sums) ?? []),
        [],
      );
      assert.deepEqual(books.contradictions, []);
    },
  };
}

test('a balance is paid once it reaches the least, and bears its fee to the satoshi', async (t) => {
  const s = await scene(t, 100_000);
  await s.payments.payBalances();
  const { balance, payments } = await s.standing();
  // 1,000 were reserved; the backend took one sat, and the rest is carried over.
  assert.equal(balance, 999n);
  const [{ purpose, sats, paid, proof } = { purpose: '' }] = payments;
  assert.deepEqual([payments.length, purpose, sats, paid], [1, 'onchain', 100_000n, 99_001n]);
  assert.equal(typeof proof, 'string');
  await s.payments.payBalances();
  assert.equal((await s.standing()).payments.length, 1, 'what is left is below the least');
  const { balances } = auditMint(s.mint.path).sats;
  assert.deepEqual([balances.payouts, balances.paid], [999n, 99_001n]);
  s.sound();
});

test('a balance below the least is carried over', async (t) => {
  const s = await scene(t, 999);
  await s.payments.payBalances();
  assert.deepEqual(await s.standing(), { balance: 999n, payments: [] });
  s.sound();
});

test('a payment that costs too much a part of the balance waits', async (t) => {
  const s = await scene(t, 100_000, { least: 1_000n, maxFeePpm: 9_999 });
  await s.payments.payBalances();
  assert.deepEqual(await s.standing(), { balance: 100_000n, payments: [] });
});

test('a balance beyond what wallets may be paid at once is paid at once', async (t) => {
  const s = await scene(t, 2_500_000);
  await s.payments.payBalances();
  const { payments } = await s.standing();
  assert.deepEqual(
    payments.map(({ sats }) => sats),
    [2_500_000n],
  );
  s.sound();
});

/**
 * Balances of so many sats, each of a key of its own, and a backend that lets `fails` say what goes wrong.
 * @param address of all keys; undefined for one of each
 */
async function crowd(
  t: TestContext,
  sats: readonly bigint[],
  fails: (amount: bigint) => Error | undefined,
  address?: string,
) {
  const { mint, onchain } = await openTestPayments(t, {});
  const { engine } = mint;
  const db = openPlace(mint.path, schema);
  const add = db.prepare(`
    INSERT INTO payout_keys (payout_key, public_key, counter, address, script, threshold, balance, credited)
    VALUES (?, ?, 1, ?, ?, 1, ?, ?)`);
  inTransaction(db, () => {
    sats.forEach((each, i) => {
      const to = address ?? `address ${i}`;
      add.run(i + 1, randomBytes(33), to, new TextEncoder().encode(to), each, each);
    });
  });
  db.close();
  const told: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void told.push(JSON.parse(line).msg) });
  const quote = onchain.quotePayment.bind(onchain);
  t.mock.method(onchain, 'quotePayment', async (payment: Payable) => {
    const error = fails(payment.amount);
    if (error) throw error;
    return quote(payment);
  });
  const range = { min: 1n, max: 1n };
  const method = { backend: onchain, mint: range, melt: range, quoteSeconds: 60 };
  const settlement = new Settlement(engine, new Map([['onchain', method]]), log);
  const payments = new BalancePayments({
    ...{ engine, backend: onchain, settlement, least: 1_000n, maxFeePpm: 50_000, log, intervalMs: 3_600_000 },
  });
  t.after(async () => {
    await payments.close();
    await settlement.close();
  });
  const paid = async () => {
    const left = await engine.store.call('payableBalances', { least: 1_000n, limit: 1_000 });
    return sats.filter((_, i) => !left.some(({ payoutKey }) => payoutKey === i + 1));
  };
  return { payments, onchain, paid, told, store: engine.store };
}

test('what keeps one balance from being paid keeps no other one, and is told once', async (t) => {
  const { payments, paid, told } = await crowd(t, [30_000n, 20_000n, 10_000n], (amount) =>
    amount === 30_000n ? new Error('something that nobody thought of') : undefined,
  );
  await payments.run();
  assert.deepEqual(await paid(), [20_000n, 10_000n]);
  await payments.run();
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /^auto-payouts wait: something that nobody thought of/);
});

test('balances that can’t be paid come behind all the others, however many they are', async (t) => {
  const unpayable = new Array<bigint>(150).fill(50_000n);
  const { payments, paid, told } = await crowd(t, [...unpayable, 10_000n], (amount) =>
    amount === 50_000n ? cashuError('payment-failed', 'the wallet has too little') : undefined,
  );
  await payments.run();
  assert.deepEqual(await paid(), []);
  await payments.run();
  assert.deepEqual(await paid(), [10_000n]);
  for (let i = 0; i < 4; i++) await payments.run();
  assert.equal(told.length, 1);
});

test('a wallet that does not answer ends the turn, and the next one goes on behind', async (t) => {
  const { payments, paid } = await crowd(t, [30_000n, 20_000n, 10_000n], (amount) =>
    amount === 20_000n ? cashuError('mint-not-ready', 'no answer') : undefined,
  );
  await payments.run();
  assert.deepEqual(await paid(), [30_000n]);
  await payments.run();
  assert.deepEqual(await paid(), [30_000n, 10_000n]);
});

test('an address that several keys name has one payment under way', async (t) => {
  const tooMuch = (amount: bigint) => (amount > 30_000n ? new Error('too much') : undefined);
  const { payments, onchain, paid, store } = await crowd(t, [40_000n, 30_000n, 20_000n], tooMuch, 'one');
  t.mock.method(onchain, 'pay', async () => ({ state: 'pending' }));
  await payments.run();
  await payments.run();
  const [first] = await store.call('claimMelts', { now: Date.now() + 60_000, until: 0, limit: 2 });
  assert.equal(first?.provided, 30_000n);
  await store.call('releaseMelt', { id: first.id, attempt: 1 });
  assert.deepEqual(await paid(), [], 'no other one was begun');
});

test('nothing is paid while the mint has stopped signing', async (t) => {
  const s = await scene(t, 100_000);
  s.mint.engine.issuance.stop('a test');
  await s.payments.payBalances();
  assert.deepEqual((await s.standing()).payments, []);
});

test('a payment whose mint ended before the backend heard of it is taken up, once', async (t) => {
  const s = await scene(t, 100_000);
  const id = newQuoteId(Date.now(), randomBytes(10));
  const feeOptions = [{ reserve: 1_000n, blocks: 1, note: undefined }];
  const payment = { id, request: ADDRESS, amount: 99_000n, feeOptions, selectedFee: 0, provided: 100_000n };
  await s.store.call('payBalance', { ...payment, payoutKey: 1, claimedUntil: 0 });
  const again = s.store.call('payBalance', { ...payment, payoutKey: 1, claimedUntil: 0 });
  await assert.rejects(again, { code: 'balance-changed' });
  assert.equal((await s.standing()).balance, 0n);
  s.sound();
  await s.payments.lookAfter(Date.now());
  await s.payments.lookAfter(Date.now() + 60_000);
  const { balance, payments } = await s.standing();
  assert.deepEqual([balance, payments.map(({ paid }) => paid)], [999n, [99_001n]]);
  const quote = await s.payments.meltQuotes.find('onchain', quoteIdText(id));
  assert.equal(quote.state, 'PAID');
  s.sound();
});

test('what the backend gives up goes back to its balance, and no tokens can pay that quote', async (t) => {
  const s = await scene(t, 100_000);
  const id = newQuoteId(Date.now(), randomBytes(10));
  const feeOptions = [{ reserve: 1_000n, blocks: 1, note: undefined }];
  const payment = { id, request: ADDRESS, amount: 99_000n, feeOptions, selectedFee: 0, provided: 100_000n };
  await s.store.call('payBalance', { ...payment, payoutKey: 1, claimedUntil: Date.now() + 60_000 });
  await s.store.call('releaseMelt', { id, attempt: 1 });
  assert.deepEqual(await s.standing(), { balance: 100_000n, payments: [] });
  s.sound();
  const name = quoteIdText(id);
  const melt = { quote: name, inputs: [], outputs: [], feeIndex: 0, preferAsync: true };
  await assert.rejects(s.payments.melts.melt('onchain', melt), { code: 'quote-expired' });
  await s.payments.payBalances();
  assert.equal((await s.standing()).balance, 999n, 'the next try has a key of its own');
  s.sound();
});

test('who has registered another address since is not paid to the one before', async (t) => {
  const s = await scene(t, 100_000);
  const [due] = await s.store.call('payableBalances', { least: 1_000n, limit: 1 });
  assert.ok(due);
  const to = { address: 'another address', script: Uint8Array.of(0x52) };
  await s.store.call('registerPayout', { publicKey: due.publicKey, counter: 2, to, threshold: 0n });
  const id = newQuoteId(Date.now(), randomBytes(10));
  const feeOptions = [{ reserve: 1_000n, blocks: 1, note: undefined }];
  const payment = { id, amount: 99_000n, feeOptions, selectedFee: 0, provided: 100_000n };
  const wanted = { ...payment, request: due.address, payoutKey: 1, claimedUntil: Date.now() + 60_000 };
  await assert.rejects(s.store.call('payBalance', wanted), { code: 'balance-changed' });
  await s.store.call('payBalance', { ...wanted, request: to.address });
  s.sound();
});

test('what was owed in a copy that a loss was accepted for is held back, for it may have been paid since', async (t) => {
  const s = await scene(t, 100_000);
  await s.store.call('freeze', 'a test');
  const db = openPlace(s.mint.path, schema);
  assert.equal(lossOf(db)?.balances, 100_000n);
  acceptLoss(db, 'of a test', Date.now());
  db.close();
  await s.payments.payBalances();
  assert.deepEqual(await s.standing(), {
    balance: 0n,
    payments: [{ purpose: 'lost', sats: 100_000n, paid: undefined, proof: undefined }],
  });
  s.sound();
});

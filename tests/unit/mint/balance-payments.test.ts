import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { mismatchOf } from '../../../domain/ledger/sums.ts';
import { newQuoteId, quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { acceptLoss, lossOf } from '../../../roles/mint/accept-loss.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
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

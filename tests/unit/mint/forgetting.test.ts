import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { acceptLoss } from '../../../roles/mint/accept-loss.ts';
import type { PaymentBackend } from '../../../roles/mint/payments/backend.ts';
import { Forgetting } from '../../../roles/mint/payments/forgetting.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { openTestPayments } from './payments-support.ts';

const log = createLog('test', 'silent');
const DAY_MS = 86_400_000;

test('quotes that nobody paid are forgotten long after their end, all others stay', async (t) => {
  const scene = await openTestPayments(t, {});
  const { mint, payments, bolt11, outputs } = scene;
  const { store } = mint.engine;
  const publicKey = mint.curve.publicKey(randomBytes(32));
  const quote = (method: string, amount: bigint | undefined) =>
    payments.mintQuotes.create(method, { unit: 'sat', amount, description: undefined, publicKey });
  const unpaid = await quote('bolt11', 5n);
  const [short, paid, address] = [
    await quote('bolt11', 5n),
    await quote('bolt11', 5n),
    await quote('onchain', undefined),
  ];
  await bolt11.deposit(short.lookup, 4n);
  await bolt11.deposit(paid.lookup, 5n);
  assert.equal((await payments.mintQuotes.find('bolt11', [paid.name]))[0]?.state, 'PAID');
  const issued = await scene.paidQuote(3);
  const blinded = outputs(3);
  await payments.mintQuotes.mint('bolt11', { quotes: [issued], outputs: blinded, signatures: [undefined] });

  const untried = await scene.meltQuote(2);
  const failed = await scene.meltQuote(2, { pay_invoice_state: 'FAILED' });
  const inputs = await scene.sats(8);
  await assert.rejects(scene.melt(failed, inputs), { code: 'payment-failed' });
  const done = await scene.meltQuote(2);
  assert.equal((await scene.melt(done, inputs)).state, 'PAID');

  const now = Date.now();
  const all = { bolt11: [unpaid, short, paid].map(({ name }) => name), melts: [untried, failed, done] };
  const left = async () => ({
    mints: (await payments.mintQuotes.known('bolt11', [...all.bolt11, issued])).map((found) => found?.state),
    address: (await payments.mintQuotes.known('onchain', [address.name]))[0]?.state,
    melts: await Promise.all(all.melts.map(async ({ id }) => (await store.call('melt', id))?.state)),
  });
  const before = await left();
  const forget = async (days: number, at: number, backend: Pick<PaymentBackend, 'hasEnded'> = bolt11) => {
    const methods = new Map([
      ['bolt11', { backend }],
      ['onchain', { backend: { hasEnded: async () => true } }],
    ]);
    const forgetting = new Forgetting({ store, methods, days, log });
    await forgetting.run(at);
    await forgetting.close();
  };
  const late = now + 31 * DAY_MS;
  await forget(30, now + 29 * DAY_MS);
  await forget(0, late);
  assert.deepEqual(await left(), before);

  const paidUnheard = { hasEnded: async () => false };
  const away = { hasEnded: () => Promise.reject(new Error('away')) };
  for (const backend of [paidUnheard, away, {}]) {
    await forget(30, late, backend);
    assert.deepEqual(await left(), { ...before, melts: [undefined, 'UNPAID', 'PAID'] });
  }
  await payments.forget(late);
  assert.deepEqual(await left(), {
    mints: [undefined, 'UNPAID', 'PAID', 'ISSUED'],
    address: 'UNPAID',
    melts: [undefined, 'UNPAID', 'PAID'],
  });
  await assert.rejects(payments.mintQuotes.find('bolt11', [unpaid.name]), { code: 'quote-unknown' });
});

test('quotes that were open at a loss stay, for they may have been paid', async (t) => {
  const scene = await openTestPayments(t, {});
  const { mint, payments } = scene;
  const request = { unit: 'sat', amount: 5n, description: undefined, publicKey: undefined };
  const quote = await payments.mintQuotes.create('bolt11', request);
  const melt = await scene.meltQuote(2);
  const db = openPlace(mint.path, schema);
  acceptLoss(db, 'of a test', Date.now());
  db.close();
  await payments.forget(Date.now() + 40 * DAY_MS);
  assert.equal((await payments.mintQuotes.known('bolt11', [quote.name]))[0]?.isLost, true);
  assert.equal((await payments.meltQuotes.find('bolt11', melt.name)).state, 'UNPAID');
});

test('more of them than one transaction takes go at once, and no more than are old', async (t) => {
  const { mint } = await openTestPayments(t, {});
  const { store } = mint.engine;
  const ids = Array.from({ length: 1_203 }, () => randomBytes(16));
  const row = { method: 'bolt11', unit: 'sat', amount: 1n, publicKey: undefined };
  for (const [i, id] of ids.entries()) {
    const name = id.toString('hex');
    await store.call('addPaymentQuote', { ...row, id, request: name, lookup: name, expiry: 1_000 + i });
  }
  const at = (86_400 + 1_000 + 1_200) * 1000;
  const stays = ids[700]?.toString('hex');
  const backend = { hasEnded: async (lookup: string) => lookup !== stays };
  const forgetting = new Forgetting({ store, methods: new Map([['bolt11', { backend }]]), days: 1, log });
  await forgetting.run(at);
  await forgetting.close();
  const found = await store.call('paymentQuotes', ids);
  assert.deepEqual(
    found.flatMap((quote) => quote?.expiry ?? []),
    [1_700, 2_200, 2_201, 2_202],
  );
});

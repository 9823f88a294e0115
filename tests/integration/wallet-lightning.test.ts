import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { getDecodedToken } from '@cashu/cashu-ts';
import type { Wallet } from '../../services/wallet/wallet.ts';
import { openTestPayments, type PaymentOptions } from '../unit/mint/payments-support.ts';
import { type Moment, startMint } from './wallet/mint-behind-proxy.ts';
import { walletsAt } from './wallet/wallets.ts';

const MELT = '/v1/melt/bolt11';

async function setUp(t: TestContext, options?: PaymentOptions) {
  const lightning = await openTestPayments(t, options);
  const proxied = await startMint(t, lightning);
  return { lightning, ...proxied, ...walletsAt(t, proxied.url) };
}

async function sums(wallet: Wallet) {
  const balance = (await wallet.balance()).find(({ unit }) => unit === 'sat');
  const { amount = 0n, waiting = 0n, reserved = 0n } = balance ?? {};
  return { amount, waiting, reserved };
}

/** Lets a wallet have sats by way of an invoice that pays itself. */
async function fill(wallet: Wallet, amount: bigint): Promise<void> {
  const before = (await sums(wallet)).amount;
  await wallet.invoice(amount);
  while ((await sums(wallet)).amount < before + amount) {
    await wallet.collect();
    await delay(20);
  }
}

/** What the history says was booked, the newest first. */
const booked = async (wallet: Wallet) =>
  (await wallet.history({ limit: 9 })).map(({ kind, amount, fee, note }) => [kind, amount, fee, note]);

test('an invoice is minted once it is paid, and only then waits', async (t) => {
  const { lightning, open } = await setUp(t, {});
  const wallet = await open();
  const { invoice, amount, unit } = await wallet.invoice(21n, { description: 'tea' });
  assert.deepEqual([amount, unit], [21n, 'sat']);
  const { paymentHash, description } = await lightning.invoices.decode(invoice);
  assert.equal(description, 'tea');
  assert.deepEqual(await wallet.collect(), { minted: 0n, waiting: 0n });
  await lightning.bolt11.deposit(Buffer.from(paymentHash).toString('hex'), 21n);
  while ((await wallet.collect()).minted === 0n) await delay(20);
  assert.deepEqual(await sums(wallet), { amount: 21n, waiting: 0n, reserved: 0n });
  assert.deepEqual(await booked(wallet), [['minted', 21n, 0n, 'Lightning']]);
});

test('an invoice that was paid and not minted is restored from the seed alone, one that is paid later too', async (t) => {
  const { lightning, open } = await setUp(t, {});
  const lost = await open('lost');
  const pay = async (invoice: string, amount: bigint) => {
    const { paymentHash } = await lightning.invoices.decode(invoice);
    await lightning.bolt11.deposit(Buffer.from(paymentHash).toString('hex'), amount);
  };
  const [minted, paid, unpaid] = [await lost.invoice(3n), await lost.invoice(21n), await lost.invoice(34n)];
  await pay(minted.invoice, 3n);
  while ((await lost.collect()).minted === 0n) await delay(20);
  await pay(paid.invoice, 21n);
  await lost.close();

  const restored = await open('restored');
  assert.deepEqual(await restored.restore(), { keys: 1, proofs: 2, amount: 3n });
  assert.equal((await restored.collect()).minted, 21n);
  assert.deepEqual(await sums(restored), { amount: 24n, waiting: 0n, reserved: 0n });
  assert.deepEqual((await booked(restored))[0], ['minted', 21n, 0n, 'Lightning']);
  await pay(unpaid.invoice, 34n);
  while ((await restored.collect()).minted === 0n) await delay(20);
  assert.equal((await sums(restored)).amount, 58n);
  assert.equal((await (await open('again')).restore()).amount, 58n);
});

test('an invoice is paid, and what was set aside for fees and not used comes back', async (t) => {
  const { lightning, open } = await setUp(t, { paysAfterMs: 0, inputFeePpk: 100 });
  const wallet = await open();
  await fill(wallet, 1000n);
  const paid = await wallet.payInvoice(`lightning:${await lightning.invoiceOf(600)}`);
  // One sat is Lightning's, one the mint's for its inputs.
  assert.deepEqual([paid.amount, paid.fee, paid.unit], [600n, 2n, 'sat']);
  assert.match(paid.preimage ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(await sums(wallet), { amount: 398n, waiting: 0n, reserved: 0n });
  assert.deepEqual((await booked(wallet))[0], ['melted', -600n, 2n, 'Lightning']);
  await assert.rejects(wallet.payInvoice(await lightning.invoiceOf(600)), { code: 'not-enough' });
  await assert.rejects(wallet.payInvoice(await lightning.invoiceOf(100), 1n), { code: 'fee-too-high' });
  await assert.rejects(wallet.payInvoice('lnbc1nonsense'), { code: 'mint-refused' });
  assert.equal((await sums(wallet)).amount, 398n);
  const restored = await open('restored');
  assert.equal((await restored.restore()).amount, 398n);
});

test('a payment that fails leaves all as it was', async (t) => {
  const { lightning, open } = await setUp(t);
  const wallet = await open();
  await fill(wallet, 100n);
  const failing = await lightning.invoiceOf(50, { pay_invoice_state: 'FAILED' });
  await assert.rejects(wallet.payInvoice(failing), { code: 'payment-refused' });
  assert.deepEqual(await sums(wallet), { amount: 100n, waiting: 0n, reserved: 0n });
  assert.deepEqual(await booked(wallet), [['minted', 100n, 0n, 'Lightning']]);
});

test('a payment that takes its time keeps nothing else from going on', async (t) => {
  const { lightning, open, run } = await setUp(t);
  const wallet = await open();
  await fill(wallet, 64n);
  await fill(wallet, 200n);
  const slow = await lightning.invoiceOf(50, { delay_ms: 4000 });
  const paying = run('pay', { argument: slow });
  while ((await sums(wallet)).reserved === 0n) await delay(20);
  await fill(wallet, 7n);
  assert.equal((await paying.ended).code, 0);
  assert.deepEqual(await sums(wallet), { amount: 64n + 200n + 7n - 51n, waiting: 0n, reserved: 0n });
});

for (const moment of ['request', 'answer'] as const satisfies Moment[]) {
  test(`a payment survives kill -9 at the ${moment} of its melt, and is made once`, async (t) => {
    const { lightning, trap, open, run } = await setUp(t);
    const wallet = await open();
    await fill(wallet, 128n);
    const { child, ended } = run('pay', { argument: await lightning.invoiceOf(50) });
    trap(moment, MELT, () => {
      child.kill('SIGKILL');
      return 'drop';
    });
    assert.equal((await ended).code, null);
    assert.equal((await sums(wallet)).reserved > 0n, true);
    for (let pass = 0; pass < 100 && (await sums(wallet)).reserved > 0n; pass++) {
      await wallet.collect();
      await delay(20);
    }
    assert.deepEqual(await sums(wallet), { amount: 77n, waiting: 0n, reserved: 0n });
    assert.deepEqual((await booked(wallet))[0], ['melted', -50n, 1n, 'Lightning']);
    assert.equal(await lightning.bolt11.balance(), 128n - 51n);
  });
}

test('a wallet that is closed while it pays finds the end of it the next time', async (t) => {
  const { lightning, open } = await setUp(t);
  const wallet = await open();
  await fill(wallet, 128n);
  const paying = wallet.payInvoice(await lightning.invoiceOf(50, { delay_ms: 3000 }));
  const refused = assert.rejects(paying, { code: 'payment-pending' });
  while ((await sums(wallet)).reserved === 0n) await delay(20);
  await wallet.close();
  await refused;
  const again = await open();
  while ((await sums(again)).reserved > 0n) {
    await again.collect();
    await delay(50);
  }
  assert.deepEqual(await sums(again), { amount: 77n, waiting: 0n, reserved: 0n });
});

test('a payment that the mint has forgotten gives its tokens back', async (t) => {
  const { lightning, trap, open, run } = await setUp(t);
  const wallet = await open();
  await fill(wallet, 128n);
  const { child, ended } = run('pay', { argument: await lightning.invoiceOf(50) });
  trap('request', MELT, () => {
    child.kill('SIGKILL');
    return 'drop';
  });
  assert.equal((await ended).code, null);
  const db = new DatabaseSync(lightning.mint.path);
  db.exec('DELETE FROM melt_quotes');
  db.close();
  await wallet.collect();
  assert.deepEqual(await sums(wallet), { amount: 128n, waiting: 0n, reserved: 0n });
});

test('tokens of a keyset that was rotated are exchanged for those of its successor', async (t) => {
  const { lightning, open } = await setUp(t);
  const wallet = await open();
  await fill(wallet, 100n);
  const rotation = { unit: 'sat', derivationIndex: 1, inputFeePpk: 100, finalExpiry: undefined };
  await lightning.mint.engine.keysets.rotateTo(rotation);
  await wallet.collect();
  assert.equal((await sums(wallet)).amount, 100n);
  const active = lightning.mint.engine.keysets.active('sat')?.id ?? '';
  const { proofs } = getDecodedToken(await wallet.send(100n), [lightning.satKeyset, active]);
  assert.deepEqual([...new Set(proofs.map(({ id }) => id))], [active]);
  assert.notEqual(active, lightning.satKeyset);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { toHex } from '../../protocols/bytes.ts';
import type { Payment, PaymentBackend } from '../../roles/mint/payments/backend.ts';
import { openInvoices } from '../../roles/mint/payments/invoices.ts';
import { LndBackend } from '../../roles/mint/payments/lnd/lnd.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { buildLnd, type LightningNode, lightningPair } from '../harness/lightning.ts';

const BUILD_LIMIT_MS = 15 * 60_000;
const LIMIT_MS = 180_000;
const WAIT_LIMIT_MS = 30_000;
const POLL_MS = 50;
const RESERVE = { minimum: 10n, ppm: 10_000n };

before(() => buildLnd(), { timeout: BUILD_LIMIT_MS });

test('lnd takes and makes payments for the mint, and forgets none', { timeout: LIMIT_MS }, async (t) => {
  const { mint, payer } = await lightningPair(t, await regtestNode(t, { wallet: true }));
  const backend = await backendOf(t, mint);

  await t.test('an invoice that is paid is received once, after a restart of the mint too', async (t) => {
    assert.deepEqual(
      (await backend.received(undefined, 10)).payments.length,
      1,
      'the sat that tried the channel',
    );
    const { position } = await backend.received(undefined, 10);
    const first = await backend.createRequest(wanted(1_000n));
    const second = await backend.createRequest(wanted(2_000n));
    await pay(payer, second.request);
    await pay(payer, first.request);
    const received = await until(async () => {
      const { payments } = await backend.received(position, 10);
      return payments.length === 2 ? payments : undefined;
    });
    assert.deepEqual(
      received.map(({ lookup, amount }) => ({ lookup, amount })),
      [
        { lookup: second.lookup, amount: 2_000n },
        { lookup: first.lookup, amount: 1_000n },
      ],
    );
    const one = await backend.received(position, 1);
    const again = await backendOf(t, mint);
    const rest = await until(async () => {
      const { payments } = await again.received(one.position, 10);
      return payments.length > 0 ? payments : undefined;
    });
    assert.deepEqual(rest, received.slice(1));
  });

  await t.test('a payment is made once, however often it is asked for', async () => {
    const balance = await backend.balance();
    const payment = await paymentOf(backend, payer, 500n);
    assert.deepEqual(await backend.lookUp(payment), { state: 'unknown' });
    const answers = await Promise.all([backend.pay(payment), backend.pay(payment)]);
    const paid = await backend.pay(payment);
    assert.equal(paid.state, 'paid');
    for (const answer of answers)
      assert.ok(answer.state === 'paid' || answer.state === 'pending', answer.state);
    assert.deepEqual(await backend.lookUp(payment), paid);
    const { payment_hash } = await payer.call('GET', `/v1/payreq/${payment.request}`);
    const { value_msat, r_preimage } = await payer.call('GET', `/v1/invoice/${String(payment_hash)}`);
    assert.equal(value_msat, '500000');
    assert.equal(paid.proof, toHex(Buffer.from(String(r_preimage), 'base64')));
    await until(async () => ((await backend.balance()) === (balance ?? 0n) - 500n ? true : undefined));
  });

  await t.test('what cannot be paid has failed for good', async () => {
    const tooMuch = await paymentOf(backend, payer, 50_000_000n);
    const failed = await backend.pay(tooMuch);
    assert.equal(failed.state, 'failed');
    const own = await mint.call('POST', '/v1/invoices', { value: '10' });
    const toItself = await backend.pay(await orderOf(backend, String(own['payment_request']), 10n));
    assert.equal(toItself.state, 'failed');
  });

  await t.test('a node that is away is no failed payment', async () => {
    const payment = await paymentOf(backend, payer, 700n);
    await mint.stop('SIGKILL');
    await assert.rejects(backend.pay(payment), { code: 'lnd-unreachable' });
    await assert.rejects(backend.lookUp(payment), { code: 'lnd-unreachable' });
    await mint.start();
    const paid = await until(async () => {
      const state = await backend.pay({ ...payment, key: `${randomUUID()}-00002` }).catch(() => undefined);
      return state?.state === 'paid' ? state : undefined;
    });
    assert.deepEqual(await backend.lookUp(payment), paid);
  });
});

function wanted(amount: bigint) {
  return { quote: randomUUID(), amount, description: 'a quote', seconds: 600 };
}

async function backendOf(t: Pick<TestContext, 'after'>, node: LightningNode): Promise<LndBackend> {
  const invoices = await openInvoices();
  const settings = {
    url: node.restUrl,
    certificate: readFileSync(node.certificatePath, 'utf8'),
    macaroon: readFileSync(node.macaroonPath).toString('hex'),
    network: 'regtest',
    reserve: RESERVE,
  } as const;
  const backend = new LndBackend(settings, invoices, pino({ level: 'silent' }));
  t.after(async () => {
    await backend.close();
    await invoices.close();
  });
  return backend;
}

async function pay(payer: LightningNode, request: string): Promise<void> {
  const answer = await payer.call('POST', '/v1/channels/transactions', { payment_request: request });
  assert.equal(answer['payment_error'], '');
}

async function paymentOf(backend: PaymentBackend, payee: LightningNode, amount: bigint): Promise<Payment> {
  const { payment_request } = await payee.call('POST', '/v1/invoices', { value: String(amount) });
  return orderOf(backend, String(payment_request), amount);
}

async function orderOf(backend: PaymentBackend, request: string, amount: bigint): Promise<Payment> {
  const [fee] = await backend.quotePayment({ request, amount });
  assert.ok(fee);
  return { request, amount, fee, key: `${randomUUID()}-00001` };
}

/** What `probe` gives, as soon as it gives anything. */
async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + WAIT_LIMIT_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`nothing within ${WAIT_LIMIT_MS} ms`);
    await delay(POLL_MS);
  }
}

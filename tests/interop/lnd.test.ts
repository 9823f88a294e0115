import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CheckStateEnum, MeltQuoteState, MintQuoteState, type Proof, Wallet } from '@cashu/cashu-ts';
import pino from 'pino';
import { toHex } from '../../protocols/bytes.ts';
import type { Payment, PaymentBackend } from '../../roles/mint/payments/backend.ts';
import { openInvoices } from '../../roles/mint/payments/invoices.ts';
import { LndBackend } from '../../roles/mint/payments/lnd/lnd.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { auditEpochs } from '../harness/epoch-audit.ts';
import { buildLnd, connect, type LightningNode, lightningPair } from '../harness/lightning.ts';
import { startMint } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';

const REWARDS = fileURLToPath(new URL('../../commands/rewards.ts', import.meta.url));
/** The key of the secret 1. */
const KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const BUILD_LIMIT_MS = 20 * 60_000;
const LIMIT_MS = 8 * 60_000;
const WAIT_LIMIT_MS = 120_000;
const POLL_MS = 50;
const RESERVE = { minimum: 10n, ppm: 10_000n };

before(() => buildLnd(), { timeout: BUILD_LIMIT_MS });

/** A node of the mint's and one of somebody who pays it, on a chain. */
interface Scene {
  readonly node: TestNode;
  readonly lnd: LightningNode;
  readonly payer: LightningNode;
}

test('lnd, one pair of nodes for all', { timeout: LIMIT_MS }, async (t) => {
  const node = await regtestNode(t, { wallet: true });
  const { mint: lnd, payer } = await lightningPair(t, node);
  const scene = { node, lnd, payer };
  await t.test('takes and makes payments for the mint, and forgets none', (t) => forgetsNone(t, scene));
  await t.test('pays a wallet and is paid by it, and what it holds back is not forgotten', (t) =>
    holdsBack(t, scene),
  );
  await t.test("brings a pool's reward while the mint is away, and it is booked once", (t) =>
    bringsReward(t, scene),
  );
});

async function forgetsNone(t: TestContext, { lnd: mint, payer }: Scene): Promise<void> {
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

  await t.test('an invoice has ended when lnd takes no payment to it any more, and none came', async () => {
    const short = await backend.createRequest({ ...wanted(1_000n), seconds: 1 });
    const paid = await backend.createRequest(wanted(1_000n));
    assert.equal(await backend.hasEnded(paid.lookup), false);
    await pay(payer, paid.request);
    await until(async () => ((await backend.hasEnded(short.lookup)) ? true : undefined));
    assert.equal(await backend.hasEnded(paid.lookup), false);
    assert.equal(await backend.hasEnded(randomBytes(32).toString('hex')), true, 'lnd has no such invoice');
  });

  await t.test('a payment is made once, however often it is asked for', async () => {
    await until(async () => (await isStill(mint)) || undefined);
    const balance = await backend.balance();
    const payment = await paymentOf(backend, payer, 500n);
    assert.deepEqual(await backend.lookUp(payment), { state: 'unknown' });
    const answers = await Promise.all([backend.pay(payment, soon()), backend.pay(payment, soon())]);
    const paid = await backend.pay(payment, soon());
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
    const failed = await backend.pay(tooMuch, soon());
    assert.equal(failed.state, 'failed');
    const own = await mint.call('POST', '/v1/invoices', { value: '10' });
    const toItself = await backend.pay(await orderOf(backend, String(own['payment_request']), 10n), soon());
    assert.equal(toItself.state, 'failed');
  });

  await t.test('a node that is away is no failed payment', async () => {
    const payment = await paymentOf(backend, payer, 700n);
    await mint.stop('SIGKILL');
    await assert.rejects(backend.pay(payment, soon()), { code: 'lnd-unreachable' });
    await assert.rejects(backend.lookUp(payment), { code: 'lnd-unreachable' });
    await mint.start();
    // A neighbour that was away is looked for more and more rarely.
    await mint.until(async () => {
      if (await hasChannel(mint)) return true;
      await connect(payer, mint);
      return false;
    });
    const paid = await until(async () => {
      const state = await backend
        .pay({ ...payment, key: `${randomUUID()}-00002` }, soon())
        .catch(() => undefined);
      return state?.state === 'paid' ? state : undefined;
    });
    assert.deepEqual(await backend.lookUp(payment), paid);
  });
}

async function holdsBack(t: TestContext, { node, lnd, payer }: Scene): Promise<void> {
  const mint = await startMint(t, node, { payments: await lndConfig(lnd) });
  const wallet = new Wallet(mint.url, { unit: 'sat', requireSigDleq: true });
  await wallet.loadMint();

  const quote = await wallet.createMintQuoteBolt11(5_000, 'sats for a test');
  await pay(payer, quote.request);
  await until(async () => {
    const { state } = await wallet.checkMintQuoteBolt11(quote.quote);
    return state === MintQuoteState.PAID || undefined;
  });
  const minted = await wallet.mintProofsBolt11(5_000, quote.quote);

  const invoice = await payer.call('POST', '/v1/invoices', { value: '1000' });
  const melt = await wallet.createMeltQuoteBolt11(String(invoice['payment_request']));
  const { send, keep } = await wallet.send(melt.amount.add(melt.fee_reserve), minted);
  const { quote: paid, change } = await wallet.meltProofsBolt11(melt, send);
  assert.equal(paid.state, MeltQuoteState.PAID);
  assert.equal(sum(change), melt.fee_reserve.toBigInt(), 'a direct neighbour takes no fee');

  // An invoice that its payee holds: the payment is under way until it says so.
  const preimage = randomBytes(32);
  const held = await payer.call('POST', '/v2/invoices/hodl', {
    hash: createHash('sha256').update(preimage).digest('base64'),
    value: '700',
  });
  const pending = await wallet.createMeltQuoteBolt11(String(held['payment_request']));
  const parts = await wallet.send(pending.amount.add(pending.fee_reserve), [...keep, ...change]);
  const prepared = await wallet.prepareMelt('bolt11', pending, parts.send);
  const begun = await wallet.completeMelt(prepared, undefined, { preferAsync: true });
  assert.equal(begun.quote.state, MeltQuoteState.PENDING);
  await until(async () => (await isHeld(payer, held)) || undefined);
  await mint.end('SIGKILL');
  await mint.start();
  assert.equal((await wallet.checkMeltQuoteBolt11(pending.quote)).state, MeltQuoteState.PENDING);
  await payer.call('POST', '/v2/invoices/settle', { preimage: preimage.toString('base64') });
  const settled = await until(async () => {
    const now = await wallet.checkMeltQuoteBolt11(pending.quote);
    return now.state === MeltQuoteState.PAID ? now : undefined;
  });
  assert.equal(settled.payment_preimage, preimage.toString('hex'));
  const [state] = await wallet.checkProofsStates(parts.send.slice(0, 1));
  assert.equal(state?.state, CheckStateEnum.SPENT);
}

async function bringsReward(t: TestContext, { node, lnd, payer }: Scene): Promise<void> {
  const pool = 'rewards = "lightning"\nreward_period_blocks = 1\nreward_minimum = 3000';
  const mint = await startMint(t, node, { rewardScript: '', pool, payments: await lndConfig(lnd) });
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const opened = Number(await node.rpc.call('getblockcount'));
  await outbox.mine(node, Uint8Array.from(Buffer.from(KEY, 'hex')), 1);
  await outbox.stored();
  const rewards = async (...words: string[]) =>
    (await promisify(execFile)(process.execPath, [REWARDS, ...words, '--database', mint.databasePath]))
      .stdout;
  const [first, second] = [await rewards('invoice', '2000'), await rewards('invoice', '1000')];
  await mint.end('SIGKILL');
  await pay(payer, first.trim());
  await mint.start();
  await pay(payer, second.trim());
  const epoch = async () => {
    const answer = await fetch(`${mint.url}/v1/ehash/epochs/hash_${toHex(mint.poolId)}_${opened}`);
    return (await answer.json()) as { reward: number; state: string };
  };
  await until(async () => (await epoch()).reward === 3_000 || undefined);
  await mint.end('SIGKILL');
  await mint.start();
  await node.generate(1);
  await until(async () => (await epoch()).state === 'redeemable' || undefined);
  assert.equal((await epoch()).reward, 3_000);
  assert.deepEqual(auditEpochs(mint.databasePath), []);
  assert.match(await rewards('list'), / 2000 +2000 .* 1000 +1000 /s);
}

const sum = (proofs: readonly Proof[]) => proofs.reduce((total, { amount }) => total + amount.toBigInt(), 0n);

async function lndConfig(node: LightningNode): Promise<string> {
  const macaroon = join(node.folder, 'macaroon.hex');
  await writeFile(macaroon, readFileSync(node.macaroonPath).toString('hex'));
  return `
[payments.bolt11]
backend = "lnd"
[payments.lnd]
url = "${node.restUrl}"
certificate = "file:${node.certificatePath}"
macaroon = "file:${macaroon}"
`;
}

async function isHeld(payee: LightningNode, { payment_addr }: Record<string, unknown>): Promise<boolean> {
  const { invoices } = await payee.call('GET', '/v1/invoices?reversed=true&num_max_invoices=1');
  if (!Array.isArray(invoices)) return false;
  return invoices.some((each) => each.payment_addr === payment_addr && each.state === 'ACCEPTED');
}

const soon = () => Date.now() + WAIT_LIMIT_MS;

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

/** Whether nothing is under way in its channel: a payment that has come is in its balance a moment later. */
async function isStill(node: LightningNode): Promise<boolean> {
  const { channels } = await node.call('GET', '/v1/channels');
  return Array.isArray(channels) && channels.every(({ pending_htlcs }) => pending_htlcs.length === 0);
}

/** Whether its channel can be used. */
async function hasChannel(node: LightningNode): Promise<boolean> {
  const { channels } = await node.call('GET', '/v1/channels?active_only=true');
  return Array.isArray(channels) && channels.length === 1;
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

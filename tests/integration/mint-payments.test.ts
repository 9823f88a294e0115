import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CheckStateEnum,
  getEncodedToken,
  MeltQuoteState,
  type MintQuoteBolt11Response,
  MintQuoteState,
  type Proof,
  Wallet,
} from '@cashu/cashu-ts';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex } from '../../protocols/bytes.ts';
import { cashuApi } from '../../roles/mint/cashu-api.ts';
import { createLog } from '../../runtime/logs.ts';
import { openTestPayments, type TestPayments } from '../unit/mint/payments-support.ts';
import { apiConfig } from '../unit/mint/web.ts';

/** The mint behind its HTTP, a hundredth of a sat's fee for each proof, and the reference wallet in TypeScript before it. */
async function openScene(t: TestContext): Promise<{ test: TestPayments; wallet: Wallet; url: string }> {
  const test = await openTestPayments(t, { paysAfterMs: 20, inputFeePpk: 100 });
  const { mint, payments } = test;
  const http = cashuApi({
    config: apiConfig,
    engine: mint.engine,
    payments,
    log: createLog('test', 'silent'),
  });
  t.after(() => http.close());
  const url = await http.listen({ host: '127.0.0.1', port: 0 });
  const wallet = new Wallet(url, { unit: 'sat', requireSigDleq: true });
  await wallet.loadMint();
  return { test, wallet, url };
}

const sum = (proofs: readonly Proof[]) => proofs.reduce((total, { amount }) => total + amount.toBigInt(), 0n);

async function paid(wallet: Wallet, amount: number): Promise<MintQuoteBolt11Response> {
  let quote = await wallet.createMintQuoteBolt11(amount, 'sats for a test');
  while (quote.state !== MintQuoteState.PAID) quote = await wallet.checkMintQuoteBolt11(quote.quote);
  return quote;
}

test('cashu-ts mints by an invoice, swaps with fees, and sends to another wallet', async (t) => {
  const { wallet, url } = await openScene(t);
  const quote = await paid(wallet, 1337);
  assert.match(quote.request, /^lnbc13370n1/);
  const proofs = await wallet.mintProofsBolt11(1337, quote.quote);
  assert.equal(sum(proofs), 1337n);
  const { send, keep } = await wallet.send(100, proofs, { includeFees: true });
  assert.ok(sum(send) > 100n && sum(send) + sum(keep) < 1337n, 'fees were paid and are left to pay');
  const receiver = new Wallet(url, { unit: 'sat', requireSigDleq: true });
  await receiver.loadMint();
  assert.equal(sum(await receiver.receive(getEncodedToken({ mint: url, proofs: send }))), 100n);
});

test('cashu-ts pays an invoice and gets its change', async (t) => {
  const { test, wallet } = await openScene(t);
  const proofs = await wallet.mintProofsBolt11(3000, (await paid(wallet, 3000)).quote);
  const quote = await wallet.createMeltQuoteBolt11(await test.invoiceOf(2000));
  assert.equal(quote.fee_reserve.toBigInt(), 20n);
  const { send, keep } = await wallet.send(quote.amount.add(quote.fee_reserve), proofs, {
    includeFees: true,
  });
  const { quote: done, change } = await wallet.meltProofsBolt11(quote, send);
  assert.equal(done.state, MeltQuoteState.PAID);
  // A fee of 1 was paid of the 20 that were set aside.
  assert.equal(sum(change), 19n);
  const states = await wallet.checkProofsStates([...send, ...keep, ...change]);
  const spent = states.filter(({ state }) => state === CheckStateEnum.SPENT);
  assert.equal(spent.length, send.length);
  assert.equal((await wallet.checkMeltQuoteBolt11(quote.quote)).state, MeltQuoteState.PAID);
});

test('cashu-ts pays without waiting, and hears of the end over the WebSocket', async (t) => {
  const { test, wallet } = await openScene(t);
  const proofs = await wallet.mintProofsBolt11(100, (await paid(wallet, 100)).quote);
  const quote = await wallet.createMeltQuoteBolt11(await test.invoiceOf(50, { delay_ms: 300 }));
  const prepared = await wallet.prepareMelt('bolt11', quote, proofs);
  const begun = await wallet.completeMelt(prepared, undefined, { preferAsync: true });
  assert.equal(begun.quote.state, MeltQuoteState.PENDING);
  await wallet.on.onceMeltPaid(quote.quote, { timeoutMs: 10_000 });
  assert.equal((await wallet.checkMeltQuoteBolt11(quote.quote)).state, MeltQuoteState.PAID);
});

test('cashu-ts mints a quote that is locked to a key, and one that is paid on the chain', async (t) => {
  const { test, wallet } = await openScene(t);
  const secretKey = secp256k1.utils.randomSecretKey();
  const privkey = toHex(secretKey);
  const pubkey = toHex(secp256k1.getPublicKey(secretKey));
  let locked = await wallet.createLockedMintQuote(64, pubkey);
  while (locked.state !== MintQuoteState.PAID) {
    locked = { ...locked, ...(await wallet.checkMintQuoteBolt11(locked.quote)) };
  }
  await assert.rejects(wallet.mintProofsBolt11(64, locked.quote));
  assert.equal(sum(await wallet.mintProofsBolt11(64, locked, { privkey })), 64n);

  let address = await wallet.createMintQuoteOnchain(pubkey);
  await test.onchain.deposit(address.request, 500n);
  while (address.amount_paid.toBigInt() === 0n) address = await wallet.checkMintQuoteOnchain(address.quote);
  assert.equal(sum(await wallet.mintProofsOnchain(300, address, privkey)), 300n);
  address = await wallet.checkMintQuoteOnchain(address.quote);
  assert.equal(address.amount_issued.toBigInt(), 300n);
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import {
  CheckStateEnum,
  MeltQuoteState,
  MintQuoteState,
  P2PKBuilder,
  type Proof,
  Wallet,
} from '@cashu/cashu-ts';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex } from '../../protocols/bytes.ts';
import { cashuApi } from '../../roles/mint/cashu-api.ts';
import { createLog } from '../../runtime/logs.ts';
import { openTestPayments } from '../unit/mint/payments-support.ts';
import { apiConfig } from '../unit/mint/web.ts';

/** A mint that is paid when the test says so, and the reference wallet in TypeScript. */
async function openScene(t: TestContext) {
  const lightning = await openTestPayments(t, {});
  const { mint, payments, bolt11 } = lightning;
  const http = cashuApi({
    config: apiConfig,
    engine: mint.engine,
    payments,
    log: createLog('test', 'silent'),
  });
  const url = await http.listen({ host: '127.0.0.1', port: 0 });
  const wallet = new Wallet(url, { unit: 'sat' });
  await wallet.loadMint();
  t.after(async () => {
    wallet.mint.disconnectWebSocket();
    await http.close();
  });
  async function pay(name: string): Promise<void> {
    const [quote] = await payments.mintQuotes.known('bolt11', [name]);
    await bolt11.deposit(quote?.lookup ?? '', quote?.amount ?? 0n);
  }
  return { ...lightning, wallet, pay };
}
type Scene = Awaited<ReturnType<typeof openScene>>;

/** What a subscription tells, as a list that can be waited on. */
class Told<T> {
  readonly #all: T[] = [];
  #heard: (() => void) | undefined;

  readonly add = (item: T): void => {
    this.#all.push(item);
    this.#heard?.();
  };

  /** All that was told up to the first one that `is` is true of. */
  async until(is: (item: T) => boolean): Promise<readonly T[]> {
    while (!this.#all.some(is)) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    return this.#all;
  }
}

const fail = (error: Error) => assert.fail(error);

async function minted({ wallet, pay }: Scene, amount: number, privkey?: string): Promise<Proof[]> {
  const quote = await wallet.createMintQuoteBolt11(amount);
  await pay(quote.quote);
  await new Promise((resolve, reject) => void wallet.on.mintQuotePaid(quote.quote, resolve, reject));
  if (!privkey) return wallet.mintProofsBolt11(amount, quote.quote);
  const lock = new P2PKBuilder()
    .addLockPubkey(toHex(secp256k1.getPublicKey(Buffer.from(privkey, 'hex'))))
    .sigAll();
  return wallet.ops.mintBolt11(amount, quote.quote).asP2PK(lock.toOptions()).run();
}

test('a wallet watches quotes from unpaid to issued, and its proofs from unspent to spent', async (t) => {
  const { wallet, pay } = await openScene(t);
  const quotes = [await wallet.createMintQuoteBolt11(21), await wallet.createMintQuoteBolt11(22)];
  const [first] = quotes;
  assert.ok(first);
  const told = new Told<{ quote: string; state: string }>();
  const cancel = await wallet.on.mintQuoteUpdates(
    quotes.map(({ quote }) => quote),
    told.add,
    fail,
  );
  for (const { quote } of quotes) {
    await told.until((each) => each.quote === quote && each.state === MintQuoteState.UNPAID);
    await pay(quote);
    await told.until((each) => each.quote === quote && each.state === MintQuoteState.PAID);
  }
  const proofs = await wallet.mintProofsBolt11(21, first.quote);
  await told.until((each) => each.quote === first.quote && each.state === MintQuoteState.ISSUED);
  cancel();

  const states = new Told<{ state: string; proof: Proof }>();
  const end = await wallet.on.proofStateUpdates(proofs, states.add, fail);
  await states.until(({ state }) => state === CheckStateEnum.UNSPENT);
  await wallet.receive(proofs);
  for (const { secret } of proofs) {
    await states.until(({ state, proof }) => proof.secret === secret && state === CheckStateEnum.SPENT);
  }
  end();
});

test('a wallet watches a slow payment, whose proofs are pending until it is made', async (t) => {
  const scene = await openScene(t);
  const { wallet, invoiceOf } = scene;
  const proofs = await minted(scene, 64);
  const quote = await wallet.createMeltQuoteBolt11(await invoiceOf(32, { delay_ms: 3_000 }));
  const states = new Told<{ state: string }>();
  const ends = [await wallet.on.proofStateUpdates(proofs, states.add, fail)];
  const quotes = new Told<{ state: string }>();
  ends.push(await wallet.on.meltQuoteUpdates([quote.quote], quotes.add, fail));
  await states.until(({ state }) => state === CheckStateEnum.UNSPENT);
  const melting = wallet.meltProofsBolt11(quote, proofs);
  await states.until(({ state }) => state === CheckStateEnum.PENDING);
  await assert.rejects(wallet.receive(proofs), { code: 11002 }, 'proofs are in a payment');
  assert.equal((await melting).quote.state, MeltQuoteState.PAID);
  await states.until(({ state }) => state === CheckStateEnum.SPENT);
  const told = await quotes.until(({ state }) => state === MeltQuoteState.PAID);
  assert.deepEqual(
    [...new Set(told.map(({ state }) => state))],
    [MeltQuoteState.UNPAID, MeltQuoteState.PENDING, MeltQuoteState.PAID],
  );
  for (const end of ends) end();
});

test('a wallet pays with proofs that are locked by SIG_ALL, and nobody else can', async (t) => {
  const scene = await openScene(t);
  const { wallet, invoiceOf } = scene;
  const [privkey, stranger] = [toHex(secp256k1.utils.randomSecretKey()), toHex(randomBytes(32))];
  const proofs = await minted(scene, 64, privkey);
  const quote = await wallet.createMeltQuoteBolt11(await invoiceOf(32));
  const melt = await wallet.prepareMelt('bolt11', quote, proofs);
  await assert.rejects(wallet.completeMelt(melt, stranger), { code: 20008 });
  const paid = await wallet.completeMelt(melt, privkey);
  assert.equal(paid.quote.state, MeltQuoteState.PAID);
  assert.ok(paid.change.length > 0, 'what the payment did not cost comes back (NUT-08)');
  const states = await wallet.checkProofsStates(proofs);
  assert.ok(states.every(({ state }) => state === CheckStateEnum.SPENT));
});

test('a wallet watches the quotes of its shares by the same rule', async (t) => {
  const { wallet, mint } = await openScene(t);
  const secretKey = randomBytes(32);
  const [quote = ''] = await mint.addQuotes(mint.curve.publicKey(secretKey), [3]);
  await wallet.mint.connectWebSocket();
  const told = new Told<{ state: string; amount_issued: number }>();
  const params = { kind: 'ehash_mint_quote', filters: [quote] };
  const connection = wallet.mint.webSocketConnection;
  assert.ok(connection);
  connection.createSubscription(
    params as Parameters<typeof connection.createSubscription>[0],
    told.add,
    fail,
  );
  await told.until(({ state }) => state === 'PAID');
  const outputs = [mint.blind(3)];
  await mint.engine.mint({ quotes: [quote], outputs, signatures: [mint.sign(quote, outputs, secretKey)] });
  const all = await told.until(({ state }) => state === 'ISSUED');
  assert.equal(all.at(-1)?.amount_issued, 8);
});

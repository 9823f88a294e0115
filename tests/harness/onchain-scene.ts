import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { type BitcoinRpc, bitcoinRpc } from '../../runtime/rpc/client.ts';
import { regtestNode, type TestNode } from './bitcoind.ts';
import { isAlive } from './is-alive.ts';
import { type MintOptions, startMint, type TestMintProcess } from './mint.ts';
import { PATIENCE_MS } from './patience.ts';
import { bare, type SatOutput, type SatProof, SatWallet } from './sat-wallet.ts';

const MATURITY = 100;
const POLL_MS = 250;

/** A mint quote of NUT-30. */
export interface DepositQuote {
  readonly quote: string;
  readonly request: string;
  readonly amount_paid: number;
  readonly amount_issued: number;
  readonly expiry: number | null;
}

/** A melt quote of NUT-30. */
export interface PayoutQuote {
  readonly quote: string;
  readonly amount: number;
  readonly state: string;
  readonly outpoint: string | null;
  readonly selected_fee_index: number | null;
  readonly fee_options: readonly { fee_index: number; fee_reserve: number; estimated_blocks: number }[];
  readonly change?: readonly { amount: number; id: string; C_: string }[];
}

/** What reached an address, as the user's wallet has it. */
export interface Arrival {
  readonly txid: string;
  readonly vout: number;
  readonly sats: number;
  readonly confirmations: number;
}

/** Config of a mint that is paid on the chain. @param settings lines of `[payments.bitcoind]`, and what is to follow on it */
export function onchainPayments(settings: string, createsWallet = true): string {
  return `
[payments]
[payments.onchain]
backend = "bitcoind"
min_mint = 1000
max_mint = 100000000
max_melt = 100000000
[payments.bitcoind]
create_wallet = ${createsWallet}
${settings}
`;
}

/** A mint that is paid on the chain, with a node, and somebody with coins and tokens. */
export class OnchainScene {
  readonly node: TestNode;
  /** The wallet of whoever deposits and is paid. */
  readonly user: BitcoinRpc;
  readonly mintWallet: BitcoinRpc;
  readonly mint: TestMintProcess;
  readonly tokens: SatWallet;
  readonly #secretKey = randomBytes(32);
  readonly #atEnd: (() => void)[] = [];

  private constructor(node: TestNode, mint: TestMintProcess, tokens: SatWallet) {
    this.node = node;
    this.mint = mint;
    this.tokens = tokens;
    const walletOf = (name: string) =>
      bitcoinRpc({ url: `${node.rpcUrl}/wallet/${name}`, auth: node.rpcAuth });
    this.user = walletOf('test');
    this.mintWallet = walletOf('hashpool-mint');
  }

  /**
   * @param settings lines of `[payments.bitcoind]`
   * @param more is asked before the mint starts
   */
  static async open(
    t: Pick<TestContext, 'after'>,
    settings = 'batch_seconds = 0\nconfirmations = 1',
    createsWallet = true,
    more: (node: TestNode) => Promise<Pick<MintOptions, 'rewardScript' | 'pool'>> = async () => ({}),
  ): Promise<OnchainScene> {
    const node = await regtestNode(t, { wallet: true });
    const mint = await startMint(t, node, {
      ...(await more(node)),
      payments: onchainPayments(settings, createsWallet),
    });
    const { curve } = await loadCrypto();
    const scene = new OnchainScene(node, mint, new SatWallet(mint.url, curve));
    t.after(() => {
      for (const end of scene.#atEnd) end();
    });
    await scene.tokens.load();
    // A mint is ready before its node has answered all.
    if (createsWallet)
      await scene.until(
        () => scene.node.rpc.call('listwallets'),
        (wallets) => Array.isArray(wallets) && wallets.includes('hashpool-mint'),
      );
    await node.generate(1, await scene.newAddress());
    await node.generate(MATURITY);
    return scene;
  }

  /** An address of the user's. */
  async newAddress(): Promise<string> {
    return String(await this.user.call('getnewaddress', ['', 'bech32']));
  }

  async depositQuote(): Promise<DepositQuote> {
    const pubkey = toHex(this.tokens.curve.publicKey(this.#secretKey));
    return this.#post('/v1/mint/quote/onchain', { unit: 'sat', pubkey });
  }

  depositState({ quote }: DepositQuote): Promise<DepositQuote> {
    return this.#get(`/v1/mint/quote/onchain/${quote}`);
  }

  /**
   * The user pays to a quote. A node's wallet says nothing where its own mempool did not take what it made, as it does
   * once in thousands; asked again the node takes it, or says why not.
   * @returns the transaction
   */
  async deposit({ request }: DepositQuote, sats: number): Promise<string> {
    const txid = String(await this.user.call('sendtoaddress', [request, (sats / 1e8).toFixed(8)]));
    const made = (await this.user.call('gettransaction', [txid])) as { in_mempool?: boolean; hex: string };
    if (made.in_mempool === false) await this.user.call('sendrawtransaction', [made.hex]);
    return txid;
  }

  /** Waits until so much has come to a quote. */
  async untilPaid(quote: DepositQuote, sats: number): Promise<DepositQuote> {
    return this.until(
      () => this.depositState(quote),
      ({ amount_paid }) => amount_paid === sats,
    );
  }

  /** Mints a part of what came to a quote. */
  async take({ quote }: DepositQuote, sats: number): Promise<SatProof[]> {
    const outputs = this.tokens.outputs(sats);
    const signed = outputs.map(({ amount, B_ }) => ({ amount: BigInt(amount), blinded: fromHex(B_) }));
    const { curve } = this.tokens;
    const signature = curve.schnorrSign(mintMessage(quote, signed), this.#secretKey, randomBytes(32));
    const body = { quote, outputs: bare(outputs), signature: toHex(signature) };
    const { signatures } = (await this.tokens.post('/v1/mint/onchain', body)).body;
    return this.tokens.proofs(outputs, signatures);
  }

  /** Tokens of the sum, by a deposit of its own. */
  async sats(sum: number): Promise<SatProof[]> {
    const quote = await this.depositQuote();
    const txid = await this.deposit(quote, sum);
    await this.node.generate(1);
    try {
      await this.untilPaid(quote, sum);
    } catch (cause) {
      const told = await this.user.call('gettransaction', [txid]);
      throw new Error(`the mint has not credited ${JSON.stringify(told)}`, { cause });
    }
    return this.take(quote, sum);
  }

  payoutQuote(request: string, amount: number): Promise<PayoutQuote> {
    return this.#post('/v1/melt/quote/onchain', { unit: 'sat', request, amount });
  }

  payoutState({ quote }: PayoutQuote): Promise<PayoutQuote> {
    return this.#get(`/v1/melt/quote/onchain/${quote}`);
  }

  /** Has a quote paid with proofs that bring amount and fee reserve. @throws as fetch where the mint is killed */
  pay(
    { quote }: PayoutQuote,
    inputs: readonly SatProof[],
    outputs: readonly SatOutput[] = [],
  ): Promise<PayoutQuote> {
    const body = { quote, fee_index: 0, inputs, outputs: bare(outputs) };
    return this.#post('/v1/melt/onchain', body);
  }

  /** What the mint tells a wallet of a payout by itself (NUT-17). */
  async watch({ quote }: PayoutQuote): Promise<PayoutQuote[]> {
    const told: PayoutQuote[] = [];
    const socket = new WebSocket(`${this.mint.url.replace('http', 'ws')}/v1/ws`);
    socket.addEventListener('message', ({ data }) => {
      const { params } = JSON.parse(String(data)) as { params?: { payload: PayoutQuote } };
      if (params) told.push(params.payload);
    });
    await once(socket, 'open');
    const params = { kind: 'onchain_melt_quote', subId: 'payout', filters: [quote] };
    socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'subscribe', id: 1, params }));
    this.#atEnd.push(() => socket.close());
    return told;
  }

  async untilState(quote: PayoutQuote, state: string): Promise<PayoutQuote> {
    return this.until(
      () => this.payoutState(quote),
      (found) => found.state === state,
    );
  }

  /** Waits until the payout's transaction is known. */
  async untilSent(quote: PayoutQuote): Promise<PayoutQuote> {
    return this.until(
      () => this.payoutState(quote),
      ({ outpoint }) => outpoint !== null,
    );
  }

  /** All that reached an address and was not replaced. */
  async arrivals(address: string): Promise<Arrival[]> {
    await this.user.call('getwalletinfo').catch(() => this.user.call('loadwallet', ['test']));
    const entries = await this.user.call('listtransactions', ['*', 1_000]);
    if (!Array.isArray(entries)) throw new Error('listtransactions gave no list');
    return entries
      .filter((entry) => entry.address === address && entry.category === 'receive')
      .filter(({ confirmations }) => confirmations >= 0)
      .map(({ txid, vout, amount, confirmations }) => {
        return { txid, vout, sats: Math.round(amount * 1e8), confirmations };
      });
  }

  /** Spends the coins of a deposit, which is in no block, back to the user. */
  async doubleSpend(txid: string): Promise<void> {
    const { decoded } = (await this.user.call('gettransaction', [txid, false, true])) as {
      decoded: { vin: { txid: string; vout: number }[]; vout: { value: number }[] };
    };
    const total = decoded.vout.reduce((sum, { value }) => sum + Math.round(value * 1e8), 0);
    const outputs = [{ [await this.newAddress()]: ((total - 100_000) / 1e8).toFixed(8) }];
    const raw = await this.user.call('createrawtransaction', [decoded.vin, outputs]);
    const signed = (await this.user.call('signrawtransactionwithwallet', [raw])) as { hex: string };
    await this.node.rpc.call('sendrawtransaction', [signed.hex]);
  }

  /** Mines until the payout is confirmed, and waits until the mint says so. */
  untilPaidOut(quote: PayoutQuote): Promise<PayoutQuote> {
    return this.until(
      async () => {
        await this.node.generate(1);
        return this.payoutState(quote);
      },
      ({ state }) => state === 'PAID',
    );
  }

  /** Waits until the mint was killed. */
  async untilGone(): Promise<void> {
    const { pid } = this.mint;
    await this.until(
      async () => isAlive(pid),
      (isThere) => !isThere,
    );
  }

  /** Starts the mint so that it is killed at `point` over `request` or the blocks that follow, and starts it again. */
  async killedAt(point: string, request: () => Promise<unknown>, blocks = true): Promise<void> {
    await this.mint.end('SIGTERM');
    await this.mint.start(point);
    await request().catch(() => undefined);
    const { pid } = this.mint;
    await this.until(
      async () => {
        const isThere = isAlive(pid);
        if (isThere && blocks) await this.node.generate(1);
        return isThere;
      },
      (isThere) => !isThere,
    );
    await this.mint.start();
  }

  /** A transaction of the mint's: its fee in sats, and how many it pays, its own change left out. */
  async mintTransaction(
    txid: string,
  ): Promise<{ fee: number; payouts: number; confirmations: number; hex: string }> {
    const found = (await this.mintWallet.call('gettransaction', [txid])) as {
      fee: number;
      details: { category: string }[];
      confirmations: number;
      hex: string;
    };
    const payouts = found.details.filter(({ category }) => category === 'send').length;
    return { ...found, fee: Math.round(-found.fee * 1e8), payouts };
  }

  /** The most that a payout to an address was promised to cost, in sats: beyond it the mint bears the fee. */
  mostFee(address: string): number {
    const db = new DatabaseSync(join(this.mint.folder, 'state', 'onchain.sqlite'), { readOnly: true });
    const row = db
      .prepare('SELECT reserve FROM onchain_payouts WHERE address = ? AND failure IS NULL')
      .get(address);
    db.close();
    return Number(row?.['reserve']);
  }

  /** Waits until the mint's status reads so. */
  async untilSaid(pattern: RegExp): Promise<void> {
    await this.until(
      async () => this.mint.said?.text ?? '',
      (text) => pattern.test(text),
    );
  }

  async until<T>(ask: () => Promise<T>, isReached: (answer: T) => boolean): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (isReached(answer)) return answer;
      if (Date.now() > deadline)
        throw new Error(`it never came so far: ${JSON.stringify(answer)}\n${this.mint.output}`);
      await delay(POLL_MS);
    }
  }

  async #get<T>(path: string): Promise<T> {
    return (await (await fetch(this.mint.url + path)).json()) as T;
  }

  async #post<T>(path: string, body: unknown): Promise<T> {
    const answer = await fetch(this.mint.url + path, { method: 'POST', body: JSON.stringify(body) });
    return (await answer.json()) as T;
  }
}

import { parseQuoteId, quoteIdTime } from '../../../../protocols/cashu/quote-id.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import { isRpcError } from '../../../../runtime/rpc/errors.ts';
import type { Store } from '../../../../runtime/sql/store.ts';
import { asObject, numberOf } from '../../chain/answers.ts';
import { listOf, satsOf, textOf } from './answers.ts';
import type { Payout, PayoutOperations } from './payout-store.ts';
import { type Wallet, WalletCode } from './wallet.ts';

/** Transactions that are younger are looked at each time: so deep, none changes any more. */
const SETTLED_DEPTH = 100;
/** By how much node's and mint's clocks may differ. */
const CLOCK_SLACK_MS = 600_000;
/** Outputs remembered that no payout is known for: what the operator has sent by hand. */
const MAX_STRAYS = 10_000;

interface Stray {
  readonly txid: string;
  readonly vout: number;
  readonly address: string;
  readonly amount: bigint;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/**
 * Payouts that the wallet has made and the store has forgotten, as one that was set back to a copy has. Before a payout
 * is made, it is looked for among what the wallet has sent since its quote: the same amount to the same address, in an
 * output that belongs to no other payout.
 */
export class Forgotten {
  readonly #wallet: Wallet;
  readonly #store: Store<PayoutOperations>;
  readonly #log: Logger;
  readonly #strays = new Map<string, Stray>();
  #base = '';

  constructor(wallet: Wallet, store: Store<PayoutOperations>, log: Logger) {
    this.#wallet = wallet;
    this.#store = store;
    this.#log = log;
  }

  /** Remembers those that were made. @returns the others */
  async sort(waiting: readonly Payout[], height: number): Promise<Payout[]> {
    await this.#read();
    const unmade: Payout[] = [];
    for (const payout of waiting) {
      const stray = this.#strays.values().find((each) => isPaidBy(payout, each));
      if (stray) await this.#adopt(payout, stray, height);
      else unmade.push(payout);
    }
    return unmade;
  }

  async #read(): Promise<void> {
    await this.#wallet.checkScanned();
    const answer = await this.#sent();
    const entries = listOf(answer, 'transactions').filter(({ category }) => category === 'send');
    for (const entry of entries) this.#strays.delete(outpointOf(entry));
    const standing = entries.filter((entry) => numberOf(entry, 'confirmations') >= 0);
    const unknown = new Set(await this.#store.call('unknownOutputs', standing.map(outpointOf)));
    for (const entry of standing) {
      if (unknown.has(outpointOf(entry))) this.#strays.set(outpointOf(entry), strayOf(entry));
    }
    for (const outpoint of this.#strays.keys().take(Math.max(0, this.#strays.size - MAX_STRAYS))) {
      this.#strays.delete(outpoint);
    }
    this.#base = textOf(answer, 'lastblock');
  }

  async #sent(): Promise<Record<string, unknown>> {
    try {
      return await this.#wallet.object('listsinceblock', [this.#base, SETTLED_DEPTH]);
    } catch (error) {
      if (!isRpcError(error) || error.rpcCode !== WalletCode.unknownTransaction) throw error;
      return this.#wallet.object('listsinceblock', ['', SETTLED_DEPTH]);
    }
  }

  async #adopt(payout: Payout, { txid, vout }: Stray, height: number): Promise<void> {
    const found = await this.#wallet.object('gettransaction', [txid, false, true]);
    const spent = listOf(asObject(found['decoded']), 'vin');
    await this.#store.call('adoptPayout', {
      payout,
      txid,
      vout,
      hex: textOf(found, 'hex'),
      fee: -satsOf(found, 'fee'),
      inputs: spent.map(outpointOf),
      height,
    });
    this.#strays.delete(`${txid}:${vout}`);
    this.#log.warn(
      { alert: 'payout-remembered', key: payout.key, txid },
      'the wallet had made a payout that was forgotten; it is not made again',
    );
  }
}

function isPaidBy({ key, address, amount }: Payout, stray: Stray): boolean {
  const quote = parseQuoteId(key.split('.')[0] ?? '');
  return (
    quote !== undefined &&
    stray.amount === amount &&
    stray.address.toLowerCase() === address.toLowerCase() &&
    stray.time >= quoteIdTime(quote) - CLOCK_SLACK_MS
  );
}

function outpointOf(entry: Record<string, unknown>): string {
  return `${textOf(entry, 'txid')}:${numberOf(entry, 'vout')}`;
}

function strayOf(entry: Record<string, unknown>): Stray {
  return {
    txid: textOf(entry, 'txid'),
    vout: numberOf(entry, 'vout'),
    // An output without an address is nobody's payout.
    address: String(entry['address'] ?? ''),
    amount: -satsOf(entry, 'amount'),
    time: numberOf(entry, 'time') * 1000,
  };
}

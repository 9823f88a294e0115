import type { Coin } from '../../../protocols/bitcoin/bip322.ts';
import type { NetworkName } from '../../../protocols/bitcoin/network.ts';

/**
 * What stands between the mint and a payment network. A backend is one folder beside this file; it speaks to its
 * node and keeps no books of the mint: who is owed what stands in the mint's database alone. All amounts are sats.
 *
 * What the mint counts on:
 * - **In:** `received` gives every payment at least once, in any number of calls, over restarts of both sides,
 *   and never goes back on one: what a reorg may still undo is not received yet. The mint credits each `id` once.
 * - **Out:** `key` names a payment. However often and in however many processes `pay` is called with one key, at
 *   most one payment leaves. The key lives in the backend's node (a payment hash, a wallet label) or is written
 *   to its disk before anything leaves; the mint calls `pay` again after a crash.
 * - `failed` is final: that key never pays any more. Whatever is not certain is `pending`, or an error thrown,
 *   which the mint takes for `pending` too. The next try of the same quote comes with another key.
 */
export interface PaymentBackend {
  readonly method: PaymentMethod;
  /** The chain that invoices must be for; undefined where any will do, as to a backend that moves no money. */
  readonly network: NetworkName | undefined;
  /** `options` of the method's settings in `/v1/info` (NUT-23, NUT-30). */
  readonly mintOptions: Readonly<Record<string, unknown>>;
  readonly meltOptions: Readonly<Record<string, unknown>>;

  /** Why it can't do its part at present, in words for the mint's status; undefined while it can. */
  readonly trouble?: string | undefined;

  /**
   * Makes something that can be paid. A request that is never used costs nothing: the mint may crash before it
   * stores it.
   */
  createRequest(wanted: WantedRequest): Promise<PaymentRequest>;

  /**
   * Told when a request's quote is stored, where a payment that came before could not be credited. What a mint that was
   * killed has stored, it is not told of.
   */
  requestStored?(lookup: string): Promise<void>;

  /**
   * Whether a request was never paid and can't be any more, as its node itself knows; the mint may forget it then. A
   * backend without this has requests that can be paid at any time.
   */
  hasEnded?(lookup: string): Promise<boolean>;

  /**
   * Payments that came in after a position, oldest first; an empty list where there is none.
   * @param after the `position` of the last answer that the mint has stored; undefined for the very first
   * @param limit payments in one answer at most; the mint asks on until it gets fewer
   */
  received(after: string | undefined, limit: number): Promise<Received>;

  /** Calls `listener` whenever `received` may have something new; the mint asks by a timer besides. */
  onReceived(listener: () => void): void;

  /**
   * What a payment would cost at most. One option for Lightning; for the chain as many as there are speeds.
   * @throws HashpoolError 'request-malformed', 'payment-failed' of protocols/cashu/errors.ts where it can't be made
   */
  quotePayment(payment: Payable): Promise<readonly FeeOption[]>;

  /**
   * Makes a payment, once for each key, and resolves as soon as more is known than that it was begun.
   * @param until milliseconds since 1970: nothing may be begun afterwards where the key is no fence by itself, since
   *   another process may have seen the payment fail
   */
  pay(payment: Payment, until: number): Promise<PaymentState>;

  /** How a payment stands; `unknown` where `pay` was never reached with this key. */
  lookUp(payment: Payment): Promise<PaymentState>;

  /** Calls `listener` with the key of a payment that stands otherwise than before; the mint looks by a timer besides. */
  onProgress?(listener: (key: string) => void): void;

  /** Whether it can spend outputs of a script; left out where there are no scripts. */
  owns?(script: Uint8Array): Promise<boolean>;

  /** Proves to have the keys of what it holds (BIP322); left out where there are none, undefined where it holds nothing. */
  proveFunds?(message: string): Promise<FundsProof | undefined>;

  /** What the mint could pay out, for its watchdog; undefined where that can't be said. */
  balance(): Promise<bigint | undefined>;

  close(): Promise<void>;
}

/** Coins, and the transaction that could not be signed without their keys: see protocols/bitcoin/bip322.ts. */
export interface FundsProof {
  readonly coins: readonly Coin[];
  readonly transaction: Uint8Array;
}

/** The method's name in the Cashu API. */
export type PaymentMethod = 'bolt11' | 'onchain';

export interface WantedRequest {
  /** The mint quote that it is for. */
  readonly quote: string;
  /** Undefined for the chain, where the payer chooses. */
  readonly amount: bigint | undefined;
  /** Shown to the payer, where the method can do that. */
  readonly description: string | undefined;
  /** Seconds for which it should be payable. */
  readonly seconds: number;
}

export interface PaymentRequest {
  /** What the payer pays: an invoice, an address. */
  readonly request: string;
  /** By what `received` names it: the invoice's payment hash in hex, the address itself. Unique. */
  readonly lookup: string;
  /** Unix seconds until which it can be paid; undefined for always. */
  readonly expiry: number | undefined;
}

export interface Received {
  readonly payments: readonly IncomingPayment[];
  /** Where the next call goes on; the same text as `after` where nothing came. At most 1,000 characters. */
  readonly position: string;
}

export interface IncomingPayment {
  /** Unique: a payment hash, `txid:vout`. */
  readonly id: string;
  /** Which request it pays. */
  readonly lookup: string;
  /** Rounded down. */
  readonly amount: bigint;
  /** Unix seconds at which the backend first saw it, confirmed or not (NUT-30 counts none seen after the expiry). */
  readonly seenAt: number;
}

export interface Payable {
  /** An invoice or an address. */
  readonly request: string;
  readonly amount: bigint;
}

export interface FeeOption {
  /** The most that the payment may cost besides its amount. */
  readonly reserve: bigint;
  /** Blocks until it is confirmed, as an estimate; undefined for Lightning. */
  readonly blocks: number | undefined;
  /** Whatever `pay` needs to keep the promise, as a fee rate; kept with the quote. At most 1,000 characters. */
  readonly note: string | undefined;
}

export interface Payment extends Payable {
  /** Letters, digits, `-` and `.`, 40 to 60 of them: the melt quote's id and the number of the try. */
  readonly key: string;
  /** The option that the wallet chose, as `quotePayment` gave it. */
  readonly fee: FeeOption;
}

export type PaymentState =
  | {
      readonly state: 'paid';
      /** The preimage in hex; the outpoint `txid:vout`. */
      readonly proof: string;
      /** What it did cost, rounded up, at most the option's reserve. */
      readonly fee: bigint;
    }
  | {
      readonly state: 'pending';
      /** The outpoint, once it is broadcast. */
      readonly proof?: string;
    }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'unknown' };

import { openWorkers } from '../../runtime/workers/pool.ts';
import type { AutoPayoutOrder, KeyChoice } from './auto-payout.ts';
import type { Balance, Troubles } from './balance.ts';
import type { BooksTasks } from './books-thread.ts';
import type { WalletData } from './database.ts';
import type { HistoryEntry } from './history.ts';
import type { Invoice } from './invoice.ts';
import type { Lock } from './locked-outputs.ts';
import type { AutoPayout } from './mint-auto-payout.ts';
import type { MintTasks } from './mint-thread.ts';
import type { PaidInvoice } from './pay-invoice.ts';
import type { EncodedRequest, Payment, RequestTerms } from './payment-request.ts';
import type { EpochBalance, Redeemed } from './redeem.ts';
import type { Restored } from './restore.ts';
import type { SendOrder, SentToken } from './send.ts';
import type { OwnShare } from './shares.ts';

export type {
  AutoPayout,
  Balance,
  EncodedRequest,
  EpochBalance,
  HistoryEntry,
  Invoice,
  Lock,
  OwnShare,
  PaidInvoice,
  Payment,
  Redeemed,
  RequestTerms,
  Restored,
  SendOrder,
  SentToken,
  Troubles,
};

/**
 * A Cashu wallet for ehash. All amounts are in units of the token. Whatever talks to the mint throws
 * HashpoolError 'mint-unreachable' where it does not answer, 'mint-answer' where its answer makes no sense,
 * 'mint-refused' where it says no, 'wrong-mint' where it is not the one that the wallet was first used with,
 * 'dleq-mismatch' where it signs with keys it has not published, and 'wallet-outdated' where the database is an older
 * copy of one that was used since, and restores itself next; after each of them the wallet goes on where it was.
 */
export interface Wallet {
  /**
   * The lock key (33-byte point) for `purpose`, such as a channel in an epoch: a new one at the first call, then
   * the same. Quotes locked to it are found by `collect`, here or in a wallet restored from the seed.
   */
  keyForChannel(purpose: string): Promise<Uint8Array>;
  /** Looks for quotes of our keys and mints the paid ones; `minted` is what this call has added. */
  collect(): Promise<{ minted: bigint; waiting: bigint }>;
  balance(): Promise<Balance[]>;
  /** The units that the mint signed when it was last asked, in alphabetical order. */
  units(): Promise<string[]>;
  troubles(): Promise<Troubles>;
  /** What came and went, the newest first; `before` is the id of the last line of the page before. */
  history(page: { before?: number | undefined; limit: number }): Promise<HistoryEntry[]>;
  /**
   * Signs the code that a dashboard shows, by the wallet's own lock key (BIP340, 128 hex digits): whoever hands that in
   * there is given tokens of this wallet for some minutes.
   * @throws HashpoolError 'bad-code'
   */
  signIn(code: string): Promise<string>;
  /** Whether a signature of `signIn` is there for the code, by this wallet's seed. */
  isSignIn(code: string, signature: string): Promise<boolean>;
  /**
   * A token (cashuB…) for somebody else; it stays on the list of `sent` until it is claimed.
   * @throws HashpoolError 'not-enough', 'unit-needed', 'bad-amount', 'proofs-spent', 'wallet-busy', 'bad-lock',
   * 'lock-not-enforced'
   */
  send(amount: bigint, options?: Omit<SendOrder, 'amount'>): Promise<string>;
  sent(): Promise<SentToken[]>;
  /**
   * Swaps somebody's token for our own, or where its epoch has its price for sats; returns the amount of these.
   * @param preimage of a hash lock, 64 hex digits
   * @throws HashpoolError 'bad-token', 'wrong-mint', 'token-locked', 'token-refused'
   */
  receive(token: string, preimage?: string): Promise<bigint>;
  /**
   * A request for a payment to this wallet (NUT-18).
   * @throws HashpoolError 'bad-amount', 'unit-needed', 'bad-url'
   */
  request(terms: RequestTerms): Promise<EncodedRequest>;
  /**
   * Pays somebody's request, in the lock that it asks for.
   * @param given.amount where the request names none
   * @throws HashpoolError 'bad-request', 'wrong-mint', 'no-transport', 'not-delivered', and those of `send`
   */
  pay(request: string, given?: { amount?: bigint | undefined; unit?: string | undefined }): Promise<Payment>;
  /**
   * A Lightning invoice of the mint; once it is paid, `collect` mints it.
   * @throws HashpoolError 'bad-amount'
   */
  invoice(amount: bigint, options?: { description?: string | undefined }): Promise<Invoice>;
  /**
   * Pays a Lightning invoice by way of the mint.
   * @param maxFee in units, at most
   * @throws HashpoolError 'fee-too-high', 'not-enough', 'payment-refused', 'payment-pending'
   */
  payInvoice(invoice: string, maxFee?: bigint): Promise<PaidInvoice>;
  /** The epochs that the wallet has ehash of, as the mint tells of them. */
  epochs(): Promise<EpochBalance[]>;
  /**
   * Turns ehash into sats: of one epoch, or of all that can be redeemed.
   * @param unit or the end of one
   * @throws HashpoolError 'not-redeemable', 'unknown-unit', 'no-active-keyset'
   */
  redeem(unit?: string): Promise<Redeemed[]>;
  /**
   * Has the mint pay what a key's quotes come to, to an address; the wallet mints none of them from then on. The wallet's own
   * key unless one of its keys is named.
   * @throws HashpoolError 'not-own-key'
   */
  startAutoPayout(order: AutoPayoutOrder): Promise<AutoPayout>;
  /** Ends that; what was credited stays owed. @throws HashpoolError 'not-own-key' */
  endAutoPayout(choice?: KeyChoice): Promise<AutoPayout>;
  /** How a key stands with it; undefined where it never was. @throws HashpoolError 'not-own-key' */
  autoPayout(choice?: KeyChoice): Promise<AutoPayout | undefined>;
  /** Finds everything that the seed owns at the mint. */
  restore(): Promise<Restored>;
  /** All shares that the mint counts for our keys, what has been minted included. */
  shares(): Promise<OwnShare[]>;
  /** Ends what is under way at its next safe point. A process that can't wait may as well be killed: nothing is lost. */
  close(): Promise<void>;
}

/**
 * Opens the wallet of a mnemonic; the mint need not be there. Any number of processes may have the same
 * database open.
 * @param options.path of the SQLite file; created where it is missing
 * @param options.mnemonic 12 to 24 words of BIP39
 * @param options.log is told sums and reasons, never tokens
 * @throws HashpoolError 'bad-mnemonic', 'wallet-seed-mismatch', 'database-open', 'database-newer'
 */
export async function openWallet({ log, ...data }: WalletData & { log: WalletLog }): Promise<Wallet> {
  const closing = new Int32Array(new SharedArrayBuffer(4));
  const books = await openWorkers<BooksTasks>({
    module: new URL('./books-thread.ts', import.meta.url),
    data,
    size: 1,
    name: 'wallet books',
  });
  const mint = await openWorkers<MintTasks>({
    module: new URL('./mint-thread.ts', import.meta.url),
    data: { ...data, closing },
    size: 1,
    name: 'wallet mint',
  });
  return {
    keyForChannel: (purpose) => books.call('keyFor', purpose),
    collect: async () => {
      const collected = await mint.call('collect', undefined);
      if (collected.minted > 0n) log.info(collected, 'ehash collected');
      return collected;
    },
    balance: () => books.call('balance', undefined),
    units: () => books.call('units', undefined),
    troubles: () => books.call('troubles', undefined),
    history: (page) => books.call('history', page),
    signIn: (code) => books.call('signIn', code),
    isSignIn: (code, signature) => books.call('isSignIn', { code, signature }),
    send: (amount, options) => mint.call('send', { amount, ...options }),
    sent: () => books.call('sent', undefined),
    receive: (token, preimage) => mint.call('receive', { token, preimage }),
    request: (terms) => mint.call('request', terms),
    pay: (request, given) => mint.call('pay', { request, ...given }),
    invoice: (amount, options) => mint.call('invoice', { amount, ...options }),
    payInvoice: (invoice, maxFee) => mint.call('payInvoice', { invoice, maxFee }),
    epochs: () => mint.call('epochs', undefined),
    redeem: (unit) => mint.call('redeem', unit),
    startAutoPayout: (order) => mint.call('startAutoPayout', order),
    endAutoPayout: (choice = {}) => mint.call('endAutoPayout', choice),
    autoPayout: (choice = {}) => mint.call('autoPayout', choice),
    restore: () => mint.call('restore', undefined),
    shares: () => mint.call('shares', undefined),
    close: async () => {
      Atomics.store(closing, 0, 1);
      await Promise.all([books.close(), mint.close()]);
    },
  };
}

/** The one method of pino that the wallet uses. */
export interface WalletLog {
  info(figures: object, message: string): void;
}

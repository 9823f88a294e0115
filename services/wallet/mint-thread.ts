import { randomBytes } from 'node:crypto';
import { isHashpoolError } from '../../protocols/errors.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import {
  type AutoPayoutOrder,
  autoPayoutOf,
  endAutoPayout,
  type KeyChoice,
  startAutoPayout,
} from './auto-payout.ts';
import { openConsolidator } from './consolidate.ts';
import { type ClosingFlag, openWalletDatabase, type WalletData } from './database.ts';
import { openHistory } from './history.ts';
import { type Invoice, lookUpInvoices, makeInvoice } from './invoice.ts';
import { openJournal } from './journal.ts';
import { openKeysets } from './keysets.ts';
import { openLockKeys } from './lock-keys.ts';
import { lookUpDue } from './look-up.ts';
import type { AutoPayout } from './mint-auto-payout.ts';
import { openMintClient } from './mint-client.ts';
import { isAway } from './mint-http.ts';
import { openQuoteMinter } from './mint-quotes.ts';
import { openMintCheck } from './own-mint.ts';
import { type PaidInvoice, payInvoice } from './pay-invoice.ts';
import { type EncodedRequest, makeRequest, type Payment, pay, type RequestTerms } from './payment-request.ts';
import { openProofs, sumOf } from './proofs.ts';
import { openQuotes } from './quotes.ts';
import { receive } from './receive.ts';
import { type EpochBalance, epochBalances, type Redeemed, redeem } from './redeem.ts';
import { refreshKeysets } from './refresh-keysets.ts';
import { type Restored, restoreAll } from './restore.ts';
import { openSender, type SendOrder } from './send.ts';
import { type Abandoned, type Parts, settleAbandoned } from './settle.ts';
import { type OwnShare, sharesOf } from './shares.ts';

/** What is over is kept this long, for whoever wants to see where it went. */
const ENDED_KEPT_MS = 7 * 24 * 3_600_000;

/** What talks to the mint, one task after the other, in a thread of its own. */
export type MintTasks = {
  collect(input: undefined): Promise<{ minted: bigint; waiting: bigint }>;
  send(order: SendOrder): Promise<string>;
  receive(input: { token: string; preimage: string | undefined }): Promise<bigint>;
  request(terms: RequestTerms): Promise<EncodedRequest>;
  pay(input: { request: string; amount?: bigint | undefined; unit?: string | undefined }): Promise<Payment>;
  invoice(terms: { amount: bigint; description?: string | undefined }): Promise<Invoice>;
  payInvoice(input: { invoice: string; maxFee?: bigint | undefined }): Promise<PaidInvoice>;
  epochs(input: undefined): Promise<EpochBalance[]>;
  redeem(unit: string | undefined): Promise<Redeemed[]>;
  startAutoPayout(order: AutoPayoutOrder): Promise<AutoPayout>;
  endAutoPayout(choice: KeyChoice): Promise<AutoPayout>;
  autoPayout(choice: KeyChoice): Promise<AutoPayout | undefined>;
  restore(input: undefined): Promise<Restored>;
  shares(input: undefined): Promise<OwnShare[]>;
  close(input: undefined): void;
};

/** Entry of the thread; see `openWorkers`. */
export async function start(data: WalletData & ClosingFlag): Promise<MintTasks> {
  const { curve } = await loadCrypto();
  const { db, seed } = openWalletDatabase(data, curve);
  const clock = Date.now;
  const isClosing = () => Atomics.load(data.closing, 0) !== 0;
  const stores = {
    keysets: openKeysets(db),
    proofs: openProofs(db),
    quotes: openQuotes(db),
    history: openHistory(db),
  };
  const mint = openMintClient(data.mintUrl, curve, () => randomBytes(32));
  const journal = openJournal(db, stores, clock);
  const parts: Parts = { ...stores, seed, mint, curve, clock, isClosing, journal };
  const lockKeys = openLockKeys(db, seed);
  const checkMint = openMintCheck(db);
  const minter = openQuoteMinter(parts);
  const consolidator = openConsolidator(parts);
  const sender = openSender(parts, db, prepare);
  const restoredAt = db.prepare('SELECT restored_at FROM wallet');
  const setRestored = db.prepare('UPDATE wallet SET restored_at = ?');

  async function refresh(): Promise<void> {
    await checkMint(mint);
    await refreshKeysets(parts);
  }

  async function restore(): Promise<Restored> {
    const restored = await restoreAll(parts, lockKeys);
    if (!isClosing()) setRestored.run(clock());
    return restored;
  }

  /**
   * What precedes every use of counters: known keysets, nothing left half done, and for a new database a restore,
   * since its seed may have been used before.
   */
  async function prepare(): Promise<Abandoned> {
    await refresh();
    // What is half done would else be found as lost on one side and as new on the other.
    const abandoned = await settleAbandoned(parts);
    if (restoredAt.get()?.['restored_at'] === null) await restore();
    return abandoned;
  }

  return {
    collect: async () => {
      const abandoned = await prepare();
      let { minted, trouble } = abandoned;
      /** What one step meets keeps no other from its turn, unless the mint is away for them too. */
      const step = async (work: () => Promise<void>) => {
        try {
          await work();
        } catch (error) {
          if (!isHashpoolError(error) || isAway(error) || error.code === 'wallet-outdated') throw error;
          trouble ??= error;
        }
      };
      await step(() => lookUpDue(parts, lockKeys));
      await step(() => lookUpInvoices(parts));
      await step(async () => {
        minted += await minter.pass();
      });
      await step(() => sender.check());
      await step(() => consolidator.pass());
      stores.proofs.forgetSpentBefore(clock() - ENDED_KEPT_MS);
      journal.forgetEndedBefore(clock() - ENDED_KEPT_MS);
      if (trouble) throw trouble;
      return { minted, waiting: sumOf(stores.quotes.sums()) };
    },
    send: (order) => sender.send(order),
    receive: async (input) => {
      await prepare();
      return receive(parts, lockKeys, input);
    },
    request: async (terms) => {
      await refresh();
      return makeRequest(parts, lockKeys, terms);
    },
    pay: (input) => pay(parts, sender, input),
    invoice: (terms) => makeInvoice(parts, lockKeys, terms),
    payInvoice: async (input) => {
      await prepare();
      return payInvoice(parts, input);
    },
    epochs: () => epochBalances(parts),
    redeem: async (unit) => {
      await prepare();
      return redeem(parts, unit);
    },
    startAutoPayout: (order) => startAutoPayout(parts, lockKeys, order),
    endAutoPayout: (choice) => endAutoPayout(parts, lockKeys, choice),
    autoPayout: (choice) => autoPayoutOf(parts, lockKeys, choice),
    restore: async () => {
      await refresh();
      await settleAbandoned(parts);
      return restore();
    },
    shares: () => sharesOf(parts, lockKeys),
    close: () => db.close(),
  };
}

import {
  ACCOUNTS,
  type Account,
  balancesOf,
  contradictionsOf,
  type EpochAccounts,
  type PayoutSums,
  type Posting,
  payoutContradiction,
} from '../../domain/epochs/accounts.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { coinbaseContradictions } from './coinbase-payouts/books.ts';
import { bigInteger, text } from './store/row.ts';

/** The books of sats of all epochs whose price is fixed. */
export interface SatBooks {
  readonly epochs: readonly EpochAccounts[];
  /** What each account has taken less what it gave. */
  readonly balances: Readonly<Record<Account, bigint>>;
  readonly payouts: PayoutSums;
  /** What contradicts itself in them, in words. */
  readonly contradictions: readonly string[];
}

/** Reads the postings, and holds them against the epochs' own rows. */
export function readSatBooks(db: Database): SatBooks {
  const priced = db.prepare(`
    SELECT epoch, unit, priced_reward, priced_fee, coalesce(sats, 0) AS sats, coalesce(auto_sats, 0) AS auto_sats
    FROM epochs LEFT JOIN redemptions USING (epoch) WHERE priced_height IS NOT NULL ORDER BY epoch`);
  const all = db.prepare('SELECT epoch, giver, taker, sats FROM postings ORDER BY epoch, giver, taker');
  for (const statement of [priced, all]) statement.setReadBigInts(true);
  const epochs = priced.all().map((row) => ({
    epoch: Number(bigInteger(row, 'epoch')),
    unit: text(row, 'unit'),
    rewardSats: bigInteger(row, 'priced_reward'),
    feeSats: bigInteger(row, 'priced_fee'),
    redeemedSats: bigInteger(row, 'sats') - bigInteger(row, 'auto_sats'),
    autoPaidSats: bigInteger(row, 'auto_sats'),
  }));
  const postings = all.all().map((row): Posting => {
    const [giver, taker] = [accountOf(text(row, 'giver')), accountOf(text(row, 'taker'))];
    return { epoch: Number(bigInteger(row, 'epoch')), giver, taker, sats: bigInteger(row, 'sats') };
  });
  const balances = balancesOf(postings);
  const payouts = readPayouts(db);
  const of = (account: Account) => balances.get(account) ?? 0n;
  return {
    epochs,
    balances: {
      coinbase: of('coinbase'),
      gifts: of('gifts'),
      lightning: of('lightning'),
      ehash: of('ehash'),
      fees: of('fees'),
      sat: of('sat'),
      dust: of('dust'),
      expired: of('expired'),
      carried: of('carried'),
      // What leaves is of no epoch any more: its records are the postings.
      payouts: of('payouts') - payouts.paid,
      paid: of('paid') + payouts.paid,
    },
    payouts,
    contradictions: [
      ...contradictionsOf(epochs, postings),
      ...[payoutContradiction(payouts, postings)].filter((wrong) => wrong !== undefined),
      ...coinbaseContradictions(db),
    ],
  };
}

/** Adds up what keys that are paid without a wallet have. */
function readPayouts(db: Database): PayoutSums {
  const sums = db.prepare(`
    SELECT CAST((SELECT coalesce(sum(balance), 0) FROM payout_keys) AS BIGINT) AS balances,
      CAST((SELECT coalesce(sum(sats), 0) FROM payout_holds WHERE paid IS NULL) AS BIGINT) AS held,
      CAST((SELECT coalesce(sum(sats), 0) FROM payout_holds
        WHERE paid IS NULL AND purpose = 'coinbase') AS BIGINT) AS for_coinbases,
      CAST((SELECT coalesce(sum(paid), 0) FROM payout_holds) AS BIGINT) AS paid`);
  sums.setReadBigInts(true);
  const row = sums.get() ?? {};
  const of = (column: string) => bigInteger(row, column);
  const [balances, held] = [of('balances'), of('held')];
  return { balances, held, forCoinbases: of('for_coinbases'), paid: of('paid') };
}

/** Only a hand that wrote to the database makes an account that is none: it is told as a contradiction of its epoch. */
function accountOf(name: string): Account {
  return ACCOUNTS.find((account) => account === name) ?? 'expired';
}

import {
  ACCOUNTS,
  type Account,
  balancesOf,
  contradictionsOf,
  type EpochAccounts,
  type Posting,
} from '../../domain/epochs/accounts.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { bigInteger, text } from './store/row.ts';

/** The books of sats of all epochs whose price is fixed. */
export interface SatBooks {
  readonly epochs: readonly EpochAccounts[];
  /** What each account has taken less what it gave. */
  readonly balances: Readonly<Record<Account, bigint>>;
  /** What contradicts itself in them, in words. */
  readonly contradictions: readonly string[];
}

/** Reads the postings, and holds them against the epochs' own rows. */
export function readSatBooks(db: Database): SatBooks {
  const priced = db.prepare(`
    SELECT epoch, unit, priced_reward, priced_fee, coalesce(sats, 0) AS sats
    FROM epochs LEFT JOIN redemptions USING (epoch) WHERE priced_height IS NOT NULL ORDER BY epoch`);
  const all = db.prepare('SELECT epoch, giver, taker, sats FROM postings ORDER BY epoch, giver, taker');
  for (const statement of [priced, all]) statement.setReadBigInts(true);
  const epochs = priced.all().map((row) => ({
    epoch: Number(bigInteger(row, 'epoch')),
    unit: text(row, 'unit'),
    rewardSats: bigInteger(row, 'priced_reward'),
    feeSats: bigInteger(row, 'priced_fee'),
    redeemedSats: bigInteger(row, 'sats'),
  }));
  const postings = all.all().map((row): Posting => {
    const [giver, taker] = [accountOf(text(row, 'giver')), accountOf(text(row, 'taker'))];
    return { epoch: Number(bigInteger(row, 'epoch')), giver, taker, sats: bigInteger(row, 'sats') };
  });
  const balances = balancesOf(postings);
  const of = (account: Account) => balances.get(account) ?? 0n;
  return {
    epochs,
    balances: {
      coinbase: of('coinbase'),
      gifts: of('gifts'),
      ehash: of('ehash'),
      fees: of('fees'),
      sat: of('sat'),
      dust: of('dust'),
      expired: of('expired'),
      carried: of('carried'),
    },
    contradictions: contradictionsOf(epochs, postings),
  };
}

/** Only a hand that wrote to the database makes an account that is none: it is told as a contradiction of its epoch. */
function accountOf(name: string): Account {
  return ACCOUNTS.find((account) => account === name) ?? 'expired';
}

import type { Database } from '../../../runtime/sql/database.ts';
import {
  columns,
  type Epoch,
  type EpochKeyset,
  type EpochTerms,
  epochOf,
  epochOperations,
  epochWrites,
} from './epochs.ts';
import { lateWork } from './late-work.ts';
import { pricingOperations } from './pricing.ts';
import { bigInteger, blob, integer, text } from './row.ts';

/** An invoice that an operator wants for a pool's upstream. */
export interface RewardRequest {
  readonly request: number;
  readonly poolId: Uint8Array;
  readonly sats: bigint;
  /** Shown to the payer. */
  readonly memo: string;
}

/** The invoice, as the backend made it. */
export interface RewardInvoice {
  /** The number of the request that it is for. */
  readonly request: number;
  readonly poolId: Uint8Array;
  readonly invoice: string;
  /** By what the backend names it. */
  readonly lookup: string;
  /** Unix seconds. */
  readonly expiry: number | undefined;
}

/** What closes an epoch whose reward is paid over Lightning. */
export interface ClosingTip {
  readonly poolId: Uint8Array;
  /** The chain's, which name the next unit. */
  readonly height: number;
  readonly hashLe: Uint8Array;
  /** Blocks from its opening on before which no epoch is closed. */
  readonly periodBlocks: number;
  /** The least that closes one, in sats. */
  readonly minimum: bigint;
  /** Of the epoch that is opened, and its keyset. */
  readonly terms: EpochTerms;
  readonly keyset: EpochKeyset;
}

/** Rewards that come as payments of invoices, and the epochs that they close. */
export function lightningRewardOperations(db: Database) {
  const { epochWork, epochById } = epochOperations(db);
  const { addEpoch, addSegment, addKeyset } = epochWrites(db);
  const { fixPrice } = pricingOperations(db);
  const { waitingWork } = lateWork(db);
  const wanted = db.prepare(`
    SELECT * FROM reward_requests AS r WHERE NOT EXISTS (
      SELECT 1 FROM reward_invoices AS i WHERE i.reward_request = r.reward_request)
    ORDER BY CASE WHEN trouble IS NULL THEN 0 WHEN reward_request > ? THEN 1 ELSE 2 END, reward_request LIMIT ?`);
  const add = db.prepare(`
    INSERT INTO reward_invoices (reward_request, pool_id, request, lookup, expiry) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (reward_request) DO NOTHING`);
  const fail = db.prepare('UPDATE reward_requests SET trouble = ? WHERE reward_request = ?');
  const received = db.prepare(`
    SELECT CAST(coalesce(sum(paid), 0) AS BIGINT) AS sats FROM reward_invoices
    WHERE pool_id = ? AND paid IS NOT NULL AND epoch IS NULL`);
  received.setReadBigInts(true);
  const open = db.prepare(`
    ${columns} WHERE e.pool_id = ? AND e.priced_height IS NULL AND e.standing = 'live' AND e.closed_hash IS NULL
    ORDER BY e.opened_height DESC LIMIT 1`);
  const close = db.prepare(
    'UPDATE epochs SET closed_hash = ?, closed_height = ?, reward = ? WHERE epoch = ?',
  );
  const assign = db.prepare(
    'UPDATE reward_invoices SET epoch = ? WHERE pool_id = ? AND paid IS NOT NULL AND epoch IS NULL',
  );

  const rewardsReceived = (poolId: Uint8Array): bigint => bigInteger(received.get(poolId) ?? {}, 'sats');

  return {
    /** Requests that have no invoice yet: those never refused first, then the others that come after one, then from the first on. */
    wantedRewardInvoices: ({ after, limit }: { after: number; limit: number }): RewardRequest[] =>
      wanted.all(after, limit).map((row) => ({
        request: integer(row, 'reward_request'),
        poolId: blob(row, 'pool_id'),
        sats: BigInt(integer(row, 'sats')),
        memo: text(row, 'memo'),
      })),

    /** G1: keeps an invoice; where another process was faster, its one counts and this one is nobody's. */
    addRewardInvoice: ({ request, poolId, invoice, lookup, expiry }: RewardInvoice): void => {
      add.run(request, poolId, invoice, lookup, expiry ?? null);
    },

    /** Notes for the operator why there is no invoice. */
    rewardInvoiceFailed: ({ request, trouble }: { request: number; trouble: string }): void => {
      fail.run(trouble, request);
    },

    /** What has come in for a pool's open epoch, in sats. */
    rewardsReceived,

    /**
     * G3: closes a pool's open epoch at the chain's tip by what has come in for it, fixes its price, and opens the next one,
     * which is final. Nothing happens before period and minimum are reached, or while nobody has worked in it: quotes that
     * wait for their block would have no part in the price.
     * @returns the epoch that was closed
     */
    closeByTip: ({
      poolId,
      height,
      hashLe,
      periodBlocks,
      minimum,
      ...next
    }: ClosingTip): Epoch | undefined => {
      const row = open.get(poolId);
      const epoch = row && epochOf(row);
      const sats = rewardsReceived(poolId);
      if (!epoch || sats < minimum || sats === 0n || height < epoch.openedHeight + periodBlocks)
        return undefined;
      const isWorkedIn = epochWork(epoch.epoch).work > waitingWork(epoch.epoch);
      if (height <= epoch.openedHeight || !isWorkedIn) return undefined;
      close.run(hashLe, height, sats, epoch.epoch);
      assign.run(epoch.epoch, poolId);
      const { terms, keyset } = next;
      const opening = { ...terms, poolId, openedHeight: height, openedHashLe: undefined, unit: keyset.unit };
      const opened = addEpoch({ ...opening, standing: 'live' });
      addSegment(opened, height, undefined, epoch.segment);
      addKeyset(opened, keyset);
      fixPrice({ epochs: [epoch.epoch], height });
      return epochById(epoch.epoch);
    },
  };
}

/** Takes payments of rewards' invoices, in the transaction that moves the watermark. */
export function rewardReceipts(
  db: Database,
): (lookup: string, sats: bigint) => { readonly poolId: Uint8Array; readonly isNew: boolean } | undefined {
  const find = db.prepare('SELECT pool_id, paid FROM reward_invoices WHERE lookup = ?');
  const pay = db.prepare('UPDATE reward_invoices SET paid = ? WHERE lookup = ?');
  return (lookup, sats) => {
    const row = find.get(lookup);
    if (!row) return undefined;
    const isNew = row['paid'] === null && sats > 0n;
    if (isNew) pay.run(sats, lookup);
    return { poolId: blob(row, 'pool_id'), isNew };
  };
}

/**
 * Asks the mint for an invoice, which it makes within seconds, or when it is started.
 * @param asked.now milliseconds since 1970
 * @returns the request's number
 */
export function askRewardInvoice(
  db: Database,
  asked: { poolId: Uint8Array; sats: bigint; memo: string; now: number },
): number {
  // A mint that was restored has invoices whose requests its copy lacks: their numbers are taken.
  const ask = db.prepare(`
    INSERT INTO reward_requests (reward_request, pool_id, sats, memo, asked_at)
    VALUES ((SELECT coalesce(max(reward_request), 0) + 1 FROM (
      SELECT reward_request FROM reward_requests UNION ALL SELECT reward_request FROM reward_invoices) AS known), ?, ?, ?, ?)
    RETURNING reward_request`);
  return integer(ask.get(asked.poolId, asked.sats, asked.memo, asked.now) ?? {}, 'reward_request');
}

/** A reward's invoice as its operator sees it. */
export interface ListedReward {
  readonly request: number;
  readonly poolId: Uint8Array;
  readonly sats: bigint;
  readonly memo: string;
  readonly askedAt: number;
  readonly invoice: string | undefined;
  readonly expiry: number | undefined;
  /** What came in. */
  readonly paid: bigint | undefined;
  /** The unit that it has backed. */
  readonly unit: string | undefined;
  readonly trouble: string | undefined;
}

/** The latest requests, oldest first, or one of them. */
export function listRewards(
  db: Database,
  { limit, request }: { limit: number; request?: number },
): ListedReward[] {
  const rows = db
    .prepare(`
      SELECT r.*, i.request, i.expiry, i.paid, e.unit FROM reward_requests AS r
        LEFT JOIN reward_invoices AS i ON i.reward_request = r.reward_request LEFT JOIN epochs AS e ON e.epoch = i.epoch
      WHERE r.reward_request = coalesce(?, r.reward_request) ORDER BY r.reward_request DESC LIMIT ?`)
    .all(request ?? null, limit);
  return rows.reverse().map((row) => ({
    request: integer(row, 'reward_request'),
    poolId: blob(row, 'pool_id'),
    sats: BigInt(integer(row, 'sats')),
    memo: text(row, 'memo'),
    askedAt: integer(row, 'asked_at'),
    invoice: row['request'] === null ? undefined : text(row, 'request'),
    expiry: row['expiry'] === null ? undefined : integer(row, 'expiry'),
    paid: row['paid'] === null ? undefined : BigInt(integer(row, 'paid')),
    unit: row['unit'] === null ? undefined : text(row, 'unit'),
    trouble: row['trouble'] === null ? undefined : text(row, 'trouble'),
  }));
}

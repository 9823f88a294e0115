import type { Price } from '../../../domain/epochs/price.ts';
import { DEFAULT_WINDOW_BLOCKS } from '../../../domain/epochs/redemption-window.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import type { EhashPolicy } from '../../../protocols/ehash/amount.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { KeysetRow } from './keysets.ts';
import { blob, integer, type Row, text } from './row.ts';

/**
 * How an epoch stands to the chain. `unproven`: its block pays the pool and is no share of the pool's yet. `live`: opened
 * by a boundary of the active chain, or a pool's first. `dissolved`: its block is no boundary any more. `stranded`: the
 * same, after some of its ehash was given out.
 */
export const EPOCH_STANDINGS = ['unproven', 'live', 'dissolved', 'stranded'] as const;
export type EpochStanding = (typeof EPOCH_STANDINGS)[number];

/** What is published of an epoch when it opens, and holds for all its life. */
export interface EpochTerms {
  readonly policy: EhashPolicy;
  readonly minimumDifficulty: number;
  /** The operator's part of the reward, in millionths. */
  readonly feePpm: number;
  /** For how many blocks it can be redeemed, from when it can. */
  readonly windowBlocks: number;
}

/** The boundary that closes an epoch. */
export interface Closing {
  /** 32 bytes, header order. */
  readonly hashLe: Uint8Array;
  readonly height: number;
  /** All that its coinbase pays, in satoshis. */
  readonly reward: bigint;
}

/** An epoch with its keyset and the segment that its boundary began. */
export interface Epoch extends EpochTerms {
  readonly epoch: number;
  readonly poolId: Uint8Array;
  readonly openedHeight: number;
  /** The boundary that opened it, 32 bytes in header order; undefined for a pool's first. */
  readonly openedHashLe: Uint8Array | undefined;
  readonly unit: string;
  readonly standing: EpochStanding;
  /** Whether its quotes are PAID. */
  readonly isFinal: boolean;
  /** Undefined while it is open. */
  readonly closing: Closing | undefined;
  /** Satoshis that blocks which are no shares of the pool paid to its script meanwhile: they back it too. */
  readonly gifts: bigint;
  /** The epoch whose reward a stranded one shares. */
  readonly mergedInto: number | undefined;
  /** Undefined before it is fixed. */
  readonly price: Price | undefined;
  /** The height of the chain when the price was fixed. */
  readonly pricedHeight: number | undefined;
  /** Undefined where no segment of its own boundary is left to it. */
  readonly segment: number | undefined;
  /** The keyset's row and id. */
  readonly keyset: number;
  readonly keysetId: string;
}

/** A pool's first epoch, about to be opened. */
export interface FirstEpoch
  extends Pick<Epoch, 'poolId' | 'openedHeight' | 'unit' | 'policy' | 'minimumDifficulty' | 'keysetId'>,
    Pick<KeysetRow, 'derivationIndex' | 'publicKeys'> {
  readonly feePpm?: number;
  readonly windowBlocks?: number;
}

/** The sums of an epoch's quotes, in ehash. */
export interface EpochWork {
  readonly quotes: number;
  /** All but void ones, minted or not. */
  readonly work: bigint;
  readonly issued: bigint;
  /** Credited to keys that are paid without a wallet. */
  readonly autoPaid: bigint;
}

/** Selects what {@link epochOf} reads. */
export const columns = `
  SELECT e.*, k.keyset, k.id AS keyset_id, (
    SELECT max(s.segment) FROM segments AS s WHERE s.epoch = e.epoch
      AND (s.boundary_hash = e.opened_hash OR (e.opened_hash IS NULL AND s.boundary_hash IS NULL))) AS segment
  FROM epochs AS e JOIN keysets AS k ON k.epoch = e.epoch`;

/** Reads epochs, and opens the first ones; what blocks make of them is in boundaries.ts. */
export function epochOperations(db: Database) {
  const live = db.prepare(`
    ${columns} WHERE e.priced_height IS NULL AND e.standing <> 'dissolved' ORDER BY e.opened_height, e.epoch`);
  const byId = db.prepare(`${columns} WHERE e.epoch = ?`);
  const byUnit = db.prepare(`${columns} WHERE e.unit = ?`);
  const before = db.prepare(`
    ${columns} WHERE e.pool_id = ? AND e.opened_height < ? ORDER BY e.opened_height DESC LIMIT ?`);
  const first = db.prepare(
    'SELECT pool_id, min(boundary_height) AS boundary_height FROM segments JOIN epochs USING (epoch) WHERE boundary_hash IS NULL GROUP BY pool_id',
  );
  const ofPool = db.prepare('SELECT epoch FROM epochs WHERE pool_id = ? LIMIT 1');
  const sums = db.prepare(`
    SELECT kind, exponent, CAST(sum(n) AS BIGINT) AS n FROM segment_tallies JOIN segments USING (segment)
    WHERE epoch = ? GROUP BY kind, exponent`);
  const behind = db.prepare(
    'SELECT outbox_id FROM outboxes WHERE pool_id = ? AND reached_height < ? ORDER BY outbox',
  );
  const { addEpoch, addSegment, addKeyset } = epochWrites(db);

  return {
    /** The epochs whose price is not fixed yet, of all pools, in the order in which they open. Dissolved ones are none. */
    epochs: (_: null): Epoch[] => live.all().map(epochOf),

    epochById: (epoch: number): Epoch | undefined => optionalEpoch(byId.get(epoch)),

    epochByUnit: (unit: string): Epoch | undefined => optionalEpoch(byUnit.get(unit)),

    /** A pool's epochs of any standing that opened below a height, latest first. */
    epochsBefore: ({
      poolId,
      height,
      limit,
    }: {
      poolId: Uint8Array;
      height: number;
      limit: number;
    }): Epoch[] => before.all(poolId, height, limit).map(epochOf),

    /** At which height each pool's first epoch opened. */
    firstHeights: (_: null): { poolId: Uint8Array; height: number }[] =>
      first.all().map((row) => ({ poolId: blob(row, 'pool_id'), height: integer(row, 'boundary_height') })),

    /** What an epoch's quotes come to, without a walk over them. */
    epochWork: (epoch: number): EpochWork => {
      const rows = sums.all(epoch);
      const of = (kind: string, worth: (exponent: number) => bigint): bigint =>
        rows.reduce((sum, row) => {
          const isOfKind = row['kind'] === kind;
          return isOfKind ? sum + BigInt(integer(row, 'n')) * worth(integer(row, 'exponent')) : sum;
        }, 0n);
      return {
        quotes: Number(of('created', () => 1n) - of('void', () => 1n)),
        work: of('created', amountOf) - of('void', amountOf),
        issued: of('issued', amountOf),
        autoPaid: of('auto_paid', amountOf),
      };
    },

    /** Outboxes of a pool that may still hold work on blocks below a height. */
    outboxesBelow: ({ poolId, height }: { poolId: Uint8Array; height: number }): Uint8Array[] =>
      behind.all(poolId, height).map((row) => blob(row, 'outbox_id')),

    /**
     * Opens a pool's first epoch, its segment and its keyset. It is final from the start: no block that could
     * be taken back opened it.
     * Precondition: the pool has none. @throws HashpoolError 'epoch-exists'
     */
    openFirstEpoch: (first: FirstEpoch): void => {
      if (ofPool.get(first.poolId)) {
        throw new HashpoolError('epoch-exists', `the pool of ${first.unit} has an epoch already`);
      }
      const { feePpm = 0, windowBlocks = DEFAULT_WINDOW_BLOCKS } = first;
      const epoch = addEpoch({ ...first, feePpm, windowBlocks, openedHashLe: undefined, standing: 'live' });
      addSegment(epoch, first.openedHeight, undefined, undefined);
      addKeyset(epoch, first);
    },
  };
}

/** An epoch's row, about to be written. */
export type NewEpoch = Pick<Epoch, 'poolId' | 'openedHeight' | 'openedHashLe' | 'unit' | 'standing'> &
  EpochTerms;

/** What an epoch's keyset is made of. */
export type EpochKeyset = Pick<Epoch, 'unit' | 'keysetId'> &
  Pick<KeysetRow, 'derivationIndex' | 'publicKeys'>;

/**
 * The writes that epochs begin with. Rows are numbered here and not by the store, which may leave numbers out: done
 * again from a journal, they are the same.
 */
export function epochWrites(db: Database) {
  const epoch = db.prepare(`
    INSERT INTO epochs (epoch, pool_id, opened_height, opened_hash, unit, policy, minimum_difficulty, fee_ppm,
      window_blocks, standing, is_final)
    VALUES ((SELECT coalesce(max(epoch), 0) + 1 FROM epochs), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING epoch`);
  const segment = db.prepare(`
    INSERT INTO segments (segment, epoch, boundary_height, boundary_hash, previous)
    VALUES ((SELECT coalesce(max(segment), 0) + 1 FROM segments), ?, ?, ?, ?) RETURNING segment`);
  const keyset = db.prepare(`
    INSERT INTO keysets (keyset, id, unit, epoch, derivation_index, is_active, public_keys)
    VALUES ((SELECT coalesce(max(keyset), 0) + 1 FROM keysets), ?, ?, ?, ?, 1, ?)`);

  return {
    /** A first epoch is final. @returns the row's number */
    addEpoch(row: NewEpoch): number {
      const { poolId, openedHeight, openedHashLe, unit, policy, minimumDifficulty, feePpm, windowBlocks } =
        row;
      const terms = [policy, minimumDifficulty, feePpm, windowBlocks] as const;
      const isFinal = openedHashLe ? 0 : 1;
      const added = epoch.get(
        poolId,
        openedHeight,
        openedHashLe ?? null,
        unit,
        ...terms,
        row.standing,
        isFinal,
      );
      return integer(added ?? {}, 'epoch');
    },

    /** @param previous the segment before it on its block's chain. @returns the row's number */
    addSegment(
      ofEpoch: number,
      height: number,
      boundaryHashLe: Uint8Array | undefined,
      previous: number | undefined,
    ): number {
      const added = segment.get(ofEpoch, height, boundaryHashLe ?? null, previous ?? null);
      return integer(added ?? {}, 'segment');
    },

    addKeyset(ofEpoch: number, { keysetId, unit, derivationIndex, publicKeys }: EpochKeyset): void {
      keyset.run(keysetId, unit, ofEpoch, derivationIndex, publicKeys);
    },
  };
}

/** Whether its ehash is out and nothing backs it: its pool's issuance has stopped. */
export function isLost({ standing, mergedInto }: Epoch): boolean {
  return standing === 'stranded' && mergedInto === undefined;
}

/** A row as an epoch. */
export function epochOf(row: Row): Epoch {
  return {
    epoch: integer(row, 'epoch'),
    poolId: blob(row, 'pool_id'),
    openedHeight: integer(row, 'opened_height'),
    openedHashLe: optional(row, 'opened_hash', blob),
    unit: text(row, 'unit'),
    policy: text(row, 'policy') === 'hash' ? 'hash' : 'target',
    minimumDifficulty: integer(row, 'minimum_difficulty'),
    feePpm: integer(row, 'fee_ppm'),
    windowBlocks: integer(row, 'window_blocks'),
    standing: EPOCH_STANDINGS.find((known) => known === row['standing']) ?? 'stranded',
    isFinal: integer(row, 'is_final') === 1,
    closing: closingOf(row),
    gifts: BigInt(integer(row, 'gifts')),
    mergedInto: optional(row, 'merged_into', integer),
    price: priceOf(row),
    pricedHeight: optional(row, 'priced_height', integer),
    segment: optional(row, 'segment', integer),
    keyset: integer(row, 'keyset'),
    keysetId: text(row, 'keyset_id'),
  };
}

function optionalEpoch(row: Row | undefined): Epoch | undefined {
  return row && epochOf(row);
}

function closingOf(row: Row): Closing | undefined {
  if (row['closed_hash'] === null) return undefined;
  const [height, reward] = [integer(row, 'closed_height'), BigInt(integer(row, 'reward'))];
  return { hashLe: blob(row, 'closed_hash'), height, reward };
}

function priceOf(row: Row): Price | undefined {
  if (row['priced_height'] === null) return undefined;
  const [rewardSats, feeSats] = [BigInt(integer(row, 'priced_reward')), BigInt(integer(row, 'priced_fee'))];
  return { rewardSats, feeSats, payableSats: rewardSats - feeSats, work: BigInt(text(row, 'priced_work')) };
}

function optional<T>(row: Row, column: string, read: (row: Row, column: string) => T): T | undefined {
  return row[column] === null ? undefined : read(row, column);
}

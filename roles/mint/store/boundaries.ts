import {
  type BlockKind,
  type LaidEpoch,
  type LaidSegment,
  type Layout,
  layOut,
  type PayingBlock,
} from '../../../domain/epochs/layout.ts';
import { COINBASE_MATURITY } from '../../../domain/epochs/redemption-window.ts';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { columns, type Epoch, type EpochKeyset, type EpochTerms, epochOf, epochWrites } from './epochs.ts';
import { PAYOUTS, payingBlock, rewardParts } from './reward-parts.ts';
import { blob, integer, type Row } from './row.ts';

/** What a pool's blocks ask of its epochs. */
export interface Course {
  /** The chain as it was followed ends below an epoch that it opened: it says nothing before it is there again. */
  readonly isBehind: boolean;
  /** There is but one epoch, and no block that would change it. */
  readonly isUntouched: boolean;
  /** Of the active chain, above the first epoch whose price is not fixed, lowest first; and late ones below it. */
  readonly blocks: readonly PayingBlock[];
  /** Heights of those that open an epoch which has no row yet. */
  readonly unopened: readonly number[];
}

/** A pool's epochs, about to be brought to where the chain is. */
export interface Arrangement {
  readonly poolId: Uint8Array;
  readonly blocks: readonly PayingBlock[];
  /** Of the epochs that are opened now, and their keysets. */
  readonly terms: EpochTerms;
  readonly keysets: readonly (EpochKeyset & { readonly openedHeight: number })[];
}

/** What an arrangement has changed. */
export interface Arranged {
  readonly epochs: readonly { readonly before: Epoch | undefined; readonly after: Epoch }[];
  /** Blocks that turned out to be no shares of the pool, or to be so too late. */
  readonly gifts: readonly PayingBlock[];
}

/** Brings epochs and segments to where the chain is. */
export function boundaryOperations(db: Database) {
  const lastHeight = db.prepare('SELECT max(height) AS height FROM chain');
  const baseOf = db.prepare(`
    SELECT epoch, opened_height FROM epochs WHERE pool_id = ? AND priced_height IS NULL AND standing = 'live'
    ORDER BY opened_height LIMIT 1`);
  const paying = db.prepare(`
    SELECT b.hash, b.height, b.value, b.coinbase_value, ${PAYOUTS} AS payouts,
      (SELECT max(height) FROM chain) - b.height + 1 AS confirmations,
      CASE WHEN b.coinbase_value IS NOT NULL AND EXISTS (
        SELECT 1 FROM quotes JOIN segments USING (segment) JOIN epochs USING (epoch)
        WHERE share_hash = b.hash AND epochs.pool_id = b.pool_id) THEN 1 ELSE 0 END AS is_share
    FROM pool_blocks AS b JOIN chain AS c ON c.hash = b.hash
    WHERE b.pool_id = ? AND b.height > ? AND b.value > 0 ORDER BY b.height`);
  const reached = db.prepare(
    'SELECT min(reached_height) AS least, max(reached_height) AS most FROM outboxes WHERE pool_id = ?',
  );
  const considered = db.prepare(`
    ${columns} WHERE e.pool_id = ? AND e.priced_height IS NULL AND (e.standing <> 'dissolved' OR e.opened_height > ?)
    ORDER BY e.opened_height, e.epoch`);
  const segmentsOf = db.prepare(`
    SELECT segment, epoch, boundary_hash, previous,
      CASE WHEN EXISTS (SELECT 1 FROM segment_tallies AS t WHERE t.segment = segments.segment AND kind = 'created')
        THEN 1 ELSE 0 END AS has_quotes,
      CASE WHEN EXISTS (SELECT 1 FROM segment_tallies AS t WHERE t.segment = segments.segment AND kind = 'issued')
        THEN 1 ELSE 0 END AS has_issued
    FROM segments JOIN epochs USING (epoch) WHERE pool_id = ? AND priced_height IS NULL ORDER BY segment`);
  const writeEpoch = db.prepare(`
    UPDATE epochs SET opened_hash = ?, standing = ?, is_final = ?, closed_hash = ?, closed_height = ?, reward = ?,
      gifts = ?, merged_into = ? WHERE epoch = ? AND priced_height IS NULL`);
  const moveSegment = db.prepare('UPDATE segments SET epoch = ? WHERE segment = ?');
  const activate = db.prepare('UPDATE keysets SET is_active = ? WHERE epoch = ?');
  const { addEpoch, addSegment, addKeyset } = epochWrites(db);
  const { lateBlocks, giftsOf, keepGifts } = rewardParts(db);

  function rowsOf(poolId: Uint8Array): { base: Epoch; epochs: Epoch[]; segments: LaidSegment[] } | undefined {
    const first = baseOf.get(poolId);
    if (!first) return undefined;
    const rows = considered.all(poolId, integer(first, 'opened_height')).map(epochOf);
    const base = rows.find(({ epoch }) => epoch === integer(first, 'epoch'));
    if (!base) return undefined;
    const epochs = [base, ...rows.filter((row) => row !== base)];
    return { base, epochs, segments: segmentsOf.all(poolId).map(laidSegment) };
  }

  /** Gives each block a segment, and each that opens an epoch a row of it. @returns what each block counts as */
  function prepareRows({ poolId, blocks, terms, keysets }: Arrangement): PayingBlock[] {
    const found = rowsOf(poolId);
    if (!found) return [];
    const { base, epochs, segments } = found;
    const heights = new Map(epochs.map((epoch) => [epoch.openedHeight, epoch]));
    let previous = base.segment ?? segments.findLast(({ epoch }) => epoch === base.epoch)?.segment;
    return blocks
      .filter(({ height, kind }) => height > base.openedHeight || kind === 'late')
      .map((block) => {
        if (block.kind === 'late') return block;
        const newest = segments.findLast(({ hash }) => hash === block.hash);
        const row = heights.get(block.height);
        const kind = settledKind(block.kind, newest !== undefined, row);
        const epoch = kind === 'gift' ? undefined : (row?.epoch ?? open(poolId, block, terms, keysets));
        const isStuck = newest?.hasIssued === true && epoch !== undefined && newest.epoch !== epoch;
        const added =
          newest && !isStuck
            ? newest.segment
            : addSegment(base.epoch, block.height, fromHex(block.hash), newest?.previous ?? previous);
        previous = added;
        return { ...block, kind };
      });
  }

  function open(
    poolId: Uint8Array,
    { height, hash }: PayingBlock,
    terms: EpochTerms,
    keysets: Arrangement['keysets'],
  ): number {
    const keyset = keysets.find(({ openedHeight }) => openedHeight === height);
    if (!keyset) {
      throw new HashpoolError(
        'epochs-moved',
        `no keyset was made for the epoch of block ${height}: look again`,
      );
    }
    const [openedHashLe, standing] = [fromHex(hash), 'unproven'] as const;
    const epoch = addEpoch({
      ...terms,
      poolId,
      openedHeight: height,
      openedHashLe,
      unit: keyset.unit,
      standing,
    });
    addKeyset(epoch, keyset);
    return epoch;
  }

  function write(before: LaidEpoch, after: LaidEpoch): void {
    const { openedHash, standing, isFinal, closing, gifts, mergedInto, epoch } = after;
    const closed = [
      closing ? fromHex(closing.hash) : null,
      closing?.height ?? null,
      closing?.reward ?? null,
    ] as const;
    const opened = openedHash === undefined ? null : fromHex(openedHash);
    writeEpoch.run(opened, standing, isFinal ? 1 : 0, ...closed, gifts, mergedInto ?? null, epoch);
    const [was, is] = [before.standing, standing].map((each) => each !== 'dissolved');
    if (was !== is) activate.run(is ? 1 : 0, epoch);
  }

  return {
    /** What the followed chain asks of a pool's epochs. @param confirmations make a boundary final */
    course: ({ poolId, confirmations }: { poolId: Uint8Array; confirmations: number }): Course => {
      const found = rowsOf(poolId);
      if (!found) return { isBehind: false, isUntouched: true, blocks: [], unopened: [] };
      const { base, epochs } = found;
      const tip = lastHeight.get()?.['height'] ?? 0;
      const laid = epochs.filter(({ standing }) => standing === 'unproven' || standing === 'live');
      const outboxes = reached.get(poolId) ?? {};
      const laidOut = paying.all(poolId, base.openedHeight).map((row): PayingBlock => {
        const isFinal = integer(row, 'confirmations') >= confirmations;
        return { ...payingBlock(row), isFinal, kind: kindOf(row, outboxes, isFinal) };
      });
      const blocks = [...laidOut, ...lateBlocks({ poolId, height: base.openedHeight, confirmations })];
      const heights = new Set(epochs.map(({ openedHeight }) => openedHeight));
      return {
        isBehind: laid.some(({ openedHeight }) => openedHeight > Number(tip)),
        isUntouched: blocks.length === 0 && epochs.length === 1 && !base.closing && base.gifts === 0n,
        blocks,
        unopened: blocks.flatMap(({ kind, height }) =>
          kind === 'gift' || kind === 'late' || heights.has(height) ? [] : [height],
        ),
      };
    },

    /**
     * E2: lays out a pool's epochs as the chain has them; see domain/epochs/layout.ts. The same again changes nothing.
     * What the chain says comes as input, for a journal does not note the chain.
     * @throws HashpoolError 'epochs-moved' where a keyset is missing: other blocks came meanwhile
     */
    arrangeEpochs: (arrangement: Arrangement): Arranged => {
      const { poolId } = arrangement;
      const known = new Map(rowsOf(poolId)?.epochs.map((epoch) => [epoch.epoch, epoch]));
      const heard = giftsOf(poolId);
      const blocks = prepareRows(arrangement);
      const found = rowsOf(poolId);
      if (!found) return { epochs: [], gifts: [] };
      const before: Layout = { epochs: found.epochs.map(laidEpoch), segments: found.segments };
      const after = layOut(before, blocks);
      after.epochs.forEach((epoch, i) => {
        const row = before.epochs[i];
        if (row && !isSame(row, epoch)) write(row, epoch);
      });
      after.segments.forEach(({ segment, epoch }, i) => {
        if (before.segments[i]?.epoch !== epoch) moveSegment.run(epoch, segment);
      });
      keepGifts(poolId, after.gifts);
      const epochs = (rowsOf(poolId)?.epochs ?? []).map((row) => ({
        before: known.get(row.epoch),
        after: row,
      }));
      return {
        epochs: epochs.filter(
          (each) => !each.before || !isSame(laidEpoch(each.before), laidEpoch(each.after)),
        ),
        gifts: blocks.filter(({ kind, hash }) => (kind === 'gift' || kind === 'late') && !heard.has(hash)),
      };
    },
  };
}

/** From here on a block that pays the pool counts as a gift though an outbox of the pool may still hold its share. */
const UNDECIDED_BLOCKS = COINBASE_MATURITY;

/**
 * What a block is, by what has come of the pool's work: outboxes deliver in the order of mining, so that those which have
 * delivered work on it, or on higher blocks, have delivered its own share before, if it is theirs.
 */
function kindOf(row: Row, outboxes: Row, isFinal: boolean): BlockKind {
  if (integer(row, 'is_share') === 1) return 'boundary';
  // Followed before blocks closed epochs: the work on it is not told apart from the work before it.
  if (row['coinbase_value'] === null) return 'gift';
  const height = integer(row, 'height');
  const [least, most] = [outboxes['least'] ?? 0, outboxes['most'] ?? 0];
  if (most === null || Number(most) < height) return 'undecided';
  const isPassed = isFinal && Number(least) >= height;
  return isPassed || integer(row, 'confirmations') >= UNDECIDED_BLOCKS ? 'gift' : 'undecided';
}

/** What was taken for a gift stays one until its share comes: quotes on it may have been minted since. */
function settledKind(kind: BlockKind, isKnown: boolean, row: Epoch | undefined): BlockKind {
  const isSettled = isKnown && (row === undefined || row.standing === 'dissolved');
  return kind === 'undecided' && isSettled ? 'gift' : kind;
}

function laidEpoch(epoch: Epoch): LaidEpoch {
  const { closing, openedHashLe, policy, minimumDifficulty, ...rest } = epoch;
  return {
    ...rest,
    openedHash: hexOf(openedHashLe),
    closing: closing && { hash: toHex(closing.hashLe), height: closing.height, reward: closing.reward },
    terms: `${policy} ${minimumDifficulty}`,
  };
}

function laidSegment(row: Row): LaidSegment {
  return {
    segment: integer(row, 'segment'),
    epoch: integer(row, 'epoch'),
    hash: row['boundary_hash'] === null ? undefined : toHex(blob(row, 'boundary_hash')),
    previous: row['previous'] === null ? undefined : integer(row, 'previous'),
    hasQuotes: integer(row, 'has_quotes') === 1,
    hasIssued: integer(row, 'has_issued') === 1,
  };
}

function isSame(a: LaidEpoch, b: LaidEpoch): boolean {
  const [x, y] = [a, b].map(({ openedHash, standing, isFinal, closing, gifts, mergedInto }) =>
    [openedHash, standing, isFinal, closing?.hash, closing?.reward, gifts, mergedInto].join(),
  );
  return x === y;
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && toHex(bytes);
}

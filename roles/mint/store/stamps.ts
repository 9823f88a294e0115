import type { Database } from '../../../runtime/sql/database.ts';
import { columns, type Epoch, type EpochTerms, epochOf } from './epochs.ts';
import { integer, type Row } from './row.ts';

/** Where a share belongs that builds on some block. */
export interface Stamp extends EpochTerms {
  readonly segment: number;
  /** Its epoch's row, at present. */
  readonly epoch: number;
}

/** What is known of a block on which somebody builds. */
export interface Foothold {
  readonly stamp: Stamp;
  /** Blocks of the active chain above it; undefined where it is not in the chain. */
  readonly depth: number | undefined;
}

/** Tells which segment the work on a block belongs to: that of the last boundary at or before the block, on its chain. */
export function stampOperations(db: Database) {
  const first = db.prepare(`
    SELECT segment FROM segments JOIN epochs USING (epoch)
    WHERE pool_id = ? AND boundary_hash IS NULL ORDER BY segment LIMIT 1`);
  const heightOf = db.prepare(
    'SELECT height, (SELECT max(height) FROM chain) - height AS depth FROM chain WHERE hash = ?',
  );
  const ofBoundary = db.prepare(`
    SELECT segment FROM segments JOIN epochs USING (epoch)
    WHERE boundary_hash = ? AND pool_id = ? ORDER BY segment DESC LIMIT 1`);
  const below = db.prepare(`
    SELECT s.segment FROM pool_blocks AS b JOIN chain AS c ON c.hash = b.hash JOIN segments AS s ON s.boundary_hash = b.hash
      JOIN epochs AS e ON e.epoch = s.epoch AND e.pool_id = b.pool_id
    WHERE b.pool_id = ? AND b.height <= ? ORDER BY b.height DESC, s.segment DESC LIMIT 1`);
  const unarranged = db.prepare(`
    SELECT 1 AS one FROM pool_blocks AS b JOIN chain AS c ON c.hash = b.hash
    WHERE b.pool_id = ? AND b.height <= ? AND b.value > 0
      AND b.height > (
        SELECT min(opened_height) FROM epochs
        WHERE epochs.pool_id = b.pool_id AND priced_height IS NULL AND standing = 'live')
      AND NOT EXISTS (
        SELECT 1 FROM segments AS s JOIN epochs AS e USING (epoch)
        WHERE s.boundary_hash = b.hash AND e.pool_id = b.pool_id) LIMIT 1`);
  const epochOfSegment = db.prepare(`
    ${columns} JOIN segments AS own ON own.epoch = e.epoch WHERE own.segment = ?`);

  function stampOf(row: Row | undefined): Stamp | undefined {
    if (!row) return undefined;
    const segment = integer(row, 'segment');
    const epoch = epochOfSegment.get(segment);
    return epoch && { ...termsOf(epochOf(epoch)), segment };
  }

  return {
    /**
     * The segment of work on a block, and how deep that block lies. Undefined where the block was not followed, or the
     * epochs have not been brought as far yet.
     * @param hashLe 32 bytes, header order
     */
    footholdAt: ({ poolId, hashLe }: { poolId: Uint8Array; hashLe: Uint8Array }): Foothold | undefined => {
      const point = heightOf.get(hashLe);
      const depth = point && integer(point, 'depth');
      const own = stampOf(ofBoundary.get(hashLe, poolId));
      if (own) return { stamp: own, depth };
      if (!point || unarranged.get(poolId, integer(point, 'height'))) return undefined;
      const stamp = stampOf(below.get(poolId, integer(point, 'height')) ?? first.get(poolId));
      return stamp && { stamp, depth };
    },
  };
}

function termsOf({ epoch, policy, minimumDifficulty, feePpm, windowBlocks }: Epoch): Omit<Stamp, 'segment'> {
  return { epoch, policy, minimumDifficulty, feePpm, windowBlocks };
}

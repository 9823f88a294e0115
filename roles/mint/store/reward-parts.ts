import type { Gift, PayingBlock } from '../../../domain/epochs/layout.ts';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { blob, integer, type Row } from './row.ts';

/** What a block `b` pays of balances, as pools were told to on its prev hash. */
export const PAYOUTS = `(SELECT CAST(coalesce(sum(p.sats), 0) AS BIGINT) FROM coinbase_payments AS p WHERE p.hash = b.hash)`;

/** Says of each block that pays a pool which epoch has it, so that none is counted twice and none is left out. */
export function rewardParts(db: Database) {
  const late = db.prepare(`
    SELECT * FROM (
      SELECT b.hash, b.height, b.value, b.coinbase_value, b.pool_id, ${PAYOUTS} AS payouts,
        CASE WHEN EXISTS (
          SELECT 1 FROM quotes JOIN segments USING (segment) JOIN epochs USING (epoch)
          WHERE share_hash = b.hash AND epochs.pool_id = b.pool_id) THEN 1 ELSE 0 END AS is_share,
        (SELECT min(opened_height) FROM epochs WHERE epochs.pool_id = b.pool_id) AS first_height,
        (SELECT CAST(coalesce(sum(g.sats), 0) AS BIGINT) FROM gifts AS g JOIN epochs AS e USING (epoch)
          WHERE g.hash = b.hash AND g.pool_id = b.pool_id AND e.priced_height IS NOT NULL) AS counted,
        (SELECT max(g.epoch) FROM gifts AS g JOIN epochs AS e USING (epoch)
          WHERE g.hash = b.hash AND g.pool_id = b.pool_id AND e.priced_height IS NULL) AS given_to
      FROM pool_blocks AS b JOIN chain AS c ON c.hash = b.hash
      WHERE b.pool_id = ? AND b.height <= ? AND b.value > 0
        AND (SELECT max(height) FROM chain) - b.height + 1 >= ?
        AND NOT EXISTS (SELECT 1 FROM epochs AS e WHERE e.closed_hash = b.hash AND e.pool_id = b.pool_id)
    ) AS found WHERE is_share = 1 OR height > first_height ORDER BY height`);
  const gifts = db.prepare(`
    SELECT hash FROM gifts JOIN epochs USING (epoch) WHERE gifts.pool_id = ? AND priced_height IS NULL`);
  const clear = db.prepare(`
    DELETE FROM gifts WHERE pool_id = ? AND epoch IN (SELECT epoch FROM epochs WHERE priced_height IS NULL)`);
  const add = db.prepare('INSERT INTO gifts (hash, pool_id, epoch, sats) VALUES (?, ?, ?, ?)');

  return {
    /**
     * Blocks at or below the first epoch whose price is not fixed that pay more than prices were made of: one whose share
     * came late is a reward, payouts included, any other is worth what it pays to the script.
     * @param course.height at which that epoch opened
     */
    lateBlocks: (course: { poolId: Uint8Array; height: number; confirmations: number }): PayingBlock[] =>
      late.all(course.poolId, course.height, course.confirmations).flatMap((row) => {
        const block = payingBlock(row);
        const worth = integer(row, 'is_share') === 1 ? block.reward : block.value;
        const value = worth - BigInt(integer(row, 'counted'));
        const givenTo = row['given_to'] === null ? undefined : integer(row, 'given_to');
        return value > 0n ? [{ ...block, value, kind: 'late', isFinal: true, givenTo }] : [];
      }),

    /** The blocks that give something to epochs of a pool whose price is not fixed, as hex. */
    giftsOf: (poolId: Uint8Array): Set<string> =>
      new Set(gifts.all(poolId).map((row) => toHex(blob(row, 'hash')))),

    /** Notes what blocks give to the epochs of a pool whose price is not fixed. */
    keepGifts(poolId: Uint8Array, given: readonly Gift[]): void {
      clear.run(poolId);
      for (const { hash, epoch, sats } of given) add.run(fromHex(hash), poolId, epoch, sats);
    },
  };
}

/** What a row of `pool_blocks` pays; its `payouts` are {@link PAYOUTS}. */
export function payingBlock(row: Row): Omit<PayingBlock, 'kind' | 'isFinal'> {
  const value = BigInt(integer(row, 'value'));
  const reward = value + BigInt(integer(row, 'payouts'));
  const whole = row['coinbase_value'] === null ? reward : BigInt(integer(row, 'coinbase_value'));
  return {
    height: integer(row, 'height'),
    hash: toHex(blob(row, 'hash')),
    value,
    reward,
    elsewhere: whole - reward,
  };
}

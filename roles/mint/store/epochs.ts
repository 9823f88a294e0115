import type { EhashPolicy } from '../../../protocols/ehash/amount.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { KeysetRow } from './keysets.ts';
import { blob, integer, type Row, text } from './row.ts';

/** An epoch with its keyset and the segment that new quotes go into. */
export interface Epoch {
  readonly epoch: number;
  readonly poolId: Uint8Array;
  readonly openedHeight: number;
  readonly unit: string;
  readonly policy: EhashPolicy;
  readonly minimumDifficulty: number;
  readonly isFinal: boolean;
  readonly segment: number;
  readonly keysetId: string;
}

/** A pool's first epoch, about to be opened. */
export type FirstEpoch = Omit<Epoch, 'epoch' | 'isFinal' | 'segment'> &
  Pick<KeysetRow, 'derivationIndex' | 'publicKeys'>;

/** Reads and opens epochs. */
export function epochOperations(db: Database) {
  const all = db.prepare(`
    SELECT epoch, pool_id, opened_height, epochs.unit, policy, minimum_difficulty, is_final, segment,
      keysets.id AS keyset_id
    FROM epochs JOIN keysets USING (epoch) JOIN segments USING (epoch) ORDER BY epoch, segment`);
  const ofPool = db.prepare('SELECT epoch FROM epochs WHERE pool_id = ?');
  // Numbered here and not by the store, which may leave numbers out: done again from a journal, they are the same.
  const addEpoch = db.prepare(`
    INSERT INTO epochs (epoch, pool_id, opened_height, unit, policy, minimum_difficulty, is_final)
    VALUES ((SELECT coalesce(max(epoch), 0) + 1 FROM epochs), ?, ?, ?, ?, ?, 1) RETURNING epoch`);
  const addSegment = db.prepare(`
    INSERT INTO segments (segment, epoch, boundary_height)
    VALUES ((SELECT coalesce(max(segment), 0) + 1 FROM segments), ?, ?)`);
  const addKeyset = db.prepare(`
    INSERT INTO keysets (keyset, id, unit, epoch, derivation_index, is_active, public_keys)
    VALUES ((SELECT coalesce(max(keyset), 0) + 1 FROM keysets), ?, ?, ?, ?, 1, ?)`);

  return {
    /** All epochs, oldest first. */
    epochs: (_: null): Epoch[] => all.all().map(epochOf),

    /**
     * Opens a pool's first epoch, its segment and its keyset. It is final from the start: no block that could
     * be taken back opened it.
     * Precondition: the pool has none. @throws HashpoolError 'epoch-exists'
     */
    openFirstEpoch: (first: FirstEpoch): void => {
      if (ofPool.get(first.poolId)) {
        throw new HashpoolError('epoch-exists', `the pool of ${first.unit} has an epoch already`);
      }
      const { poolId, openedHeight, unit, policy, minimumDifficulty } = first;
      const epoch = integer(
        addEpoch.get(poolId, openedHeight, unit, policy, minimumDifficulty) ?? {},
        'epoch',
      );
      addSegment.run(epoch, openedHeight);
      addKeyset.run(first.keysetId, unit, epoch, first.derivationIndex, first.publicKeys);
    },
  };
}

function epochOf(row: Row): Epoch {
  return {
    epoch: integer(row, 'epoch'),
    poolId: blob(row, 'pool_id'),
    openedHeight: integer(row, 'opened_height'),
    unit: text(row, 'unit'),
    policy: text(row, 'policy') === 'hash' ? 'hash' : 'target',
    minimumDifficulty: integer(row, 'minimum_difficulty'),
    isFinal: integer(row, 'is_final') === 1,
    segment: integer(row, 'segment'),
    keysetId: text(row, 'keyset_id'),
  };
}

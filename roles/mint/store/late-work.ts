import { amountOf } from '../../../protocols/cashu/amount.ts';
import { type EhashPolicy, ehashExponent } from '../../../protocols/ehash/amount.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { blob, integer, type Row, text } from './row.ts';
import { tallies } from './tallies.ts';

/** A share about to be put into a segment. */
export interface PlacedShare {
  readonly segment: number;
  readonly exponent: number;
  readonly k: number;
  /** SHA-256d of the header, header order. */
  readonly shareHashLe: Uint8Array;
  /** By which `exponent` was counted; undefined for those of its epoch. */
  readonly minimumDifficulty?: number;
}

/** Where a share goes after all. */
export interface Placement {
  readonly segment: number;
  /** Undefined where it is worth nothing there. */
  readonly exponent: number | undefined;
  /** Of the open epoch, where it goes there. */
  readonly minimumDifficulty?: number;
  /** The epoch that it is too late for; undefined where it is not. */
  readonly lateFor: number | undefined;
}

/**
 * What becomes of shares of an epoch whose price is fixed: they count in the pool's open epoch, by its terms, and are
 * marked. Asked in the transaction that stores them, so that no price is fixed in between.
 */
export function lateWork(db: Database) {
  const ofSegment = db.prepare(`
    SELECT segment, epoch, pool_id, policy, minimum_difficulty, priced_height FROM segments JOIN epochs USING (epoch)
    WHERE segment = ?`);
  const openEpoch = db.prepare(`
    SELECT max(s.segment) AS segment, e.policy, e.minimum_difficulty FROM epochs AS e JOIN segments AS s USING (epoch)
    WHERE e.pool_id = ? AND e.priced_height IS NULL AND e.standing = 'live'
    GROUP BY e.epoch, e.policy, e.minimum_difficulty, e.opened_height ORDER BY e.opened_height DESC LIMIT 1`);
  const waitingIn = db.prepare(`
    SELECT quote, segment, exponent, k, share_hash FROM waiting JOIN quotes USING (quote) JOIN segments USING (segment)
    WHERE epoch = ? ORDER BY quote`);
  const waitingSums = db.prepare(`
    SELECT exponent, count(*) AS n FROM waiting JOIN quotes USING (quote) JOIN segments USING (segment)
    WHERE epoch = ? GROUP BY exponent`);
  const move = db.prepare('UPDATE quotes SET segment = ?, exponent = ? WHERE quote = ?');
  const tally = tallies(db);
  const add = db.prepare(
    'INSERT INTO late_quotes (quote, epoch) VALUES (?, ?) ON CONFLICT (quote) DO NOTHING',
  );

  function placed(share: PlacedShare, { row, lateFor }: FoundEpoch): Placement {
    const { segment, exponent, k, shareHashLe, minimumDifficulty } = share;
    const minimum = integer(row, 'minimum_difficulty');
    // A reorganization may have moved its segment since it was counted, to an epoch of other terms.
    const isCounted = minimumDifficulty === undefined || minimumDifficulty === minimum;
    if (lateFor === undefined && isCounted) return { segment, exponent, lateFor };
    const policy: EhashPolicy = text(row, 'policy') === 'hash' ? 'hash' : 'target';
    const there = k < minimum ? undefined : ehashExponent(policy, minimum, k, shareHashLe);
    return { segment: integer(row, 'segment'), exponent: there, minimumDifficulty: minimum, lateFor };
  }

  /**
   * The epoch that shares of a segment go into.
   * @param isPriced where its own has a price, or gets it right now
   * @throws HashpoolError 'no-open-epoch': there is always one, and no work goes into a price that is fixed
   */
  function epochOf(segment: number, isPriced?: boolean): FoundEpoch {
    const own = ofSegment.get(segment) ?? {};
    if (!(isPriced ?? own['priced_height'] !== null)) return { row: own, lateFor: undefined };
    const open = openEpoch.get(own['pool_id'] ?? null);
    if (open) return { row: open, lateFor: integer(own, 'epoch') };
    const words = `the pool of segment ${segment} has no open epoch in the mint's database`;
    throw new HashpoolError('no-open-epoch', `${words}; restore a backup`);
  }

  return {
    /** Where each share goes. */
    place(shares: readonly PlacedShare[]): Placement[] {
      const found = new Map([...new Set(shares.map(({ segment }) => segment))].map((s) => [s, epochOf(s)]));
      return shares.map((share) => placed(share, found.get(share.segment) ?? epochOf(share.segment)));
    },

    /** What an epoch's quotes that wait for their block come to, in ehash: {@link putOff} takes them out of it. */
    waitingWork: (epoch: number): bigint =>
      waitingSums.all(epoch).reduce((sum, row) => {
        return sum + BigInt(integer(row, 'n')) * amountOf(integer(row, 'exponent'));
      }, 0n),

    /**
     * Quotes whose block nobody knows have no part in a price: they wait on in the pool's open epoch.
     * @param epoch whose price is fixed
     */
    putOff(epoch: number): void {
      for (const row of waitingIn.all(epoch)) {
        const before = { segment: integer(row, 'segment'), exponent: integer(row, 'exponent') };
        const share = { ...before, k: integer(row, 'k'), shareHashLe: blob(row, 'share_hash') };
        const { segment, exponent = before.exponent } = placed(share, epochOf(before.segment, true));
        move.run(segment, exponent, integer(row, 'quote'));
        tally('created', [before], -1);
        tally('created', [{ segment, exponent }]);
      }
    },

    /** Marks a quote as too late for an epoch. */
    mark(quote: number, epoch: number): void {
      add.run(quote, epoch);
    },
  };
}

interface FoundEpoch {
  /** Its terms, and the segment that they go into. */
  readonly row: Row;
  readonly lateFor: number | undefined;
}

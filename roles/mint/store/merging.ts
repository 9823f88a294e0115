import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { type Epoch, epochOperations } from './epochs.ts';
import { integer } from './row.ts';

/** Two epochs of a pool that are to share a reward. */
export interface Merge {
  /** Stranded. */
  readonly lost: number;
  /** Whose reward both share. */
  readonly heir: number;
}

/** Lets an epoch that has lost its boundary share the reward of another one, by work. */
export function mergeOperations(db: Database) {
  const { epochById } = epochOperations(db);
  const wanted = db.prepare(`
    SELECT lost, heir FROM epoch_merges JOIN epochs ON epochs.epoch = lost
    WHERE standing = 'stranded' AND merged_into IS NULL AND priced_height IS NULL ORDER BY merge`);
  const merge = db.prepare('UPDATE epochs SET merged_into = ? WHERE epoch = ? RETURNING epoch');

  return {
    /** What was asked for and is not done; of a request that can't be carried out any more nothing comes. */
    wantedMerges: (_: null): Merge[] =>
      wanted.all().map((row) => ({ lost: integer(row, 'lost'), heir: integer(row, 'heir') })),

    /** Carries out a merge. @returns false where it can't be, because the chain has changed the epochs since */
    mergeEpochs: ({ lost, heir }: Merge): boolean => {
      if (whyNot(epochById(lost), epochById(heir)) !== undefined) return false;
      return merge.get(heir, lost) !== undefined;
    },
  };
}

/**
 * Asks the mint to merge two epochs, which it does within seconds, or when it is started.
 * @param reason the operator's, for the record
 * @param now milliseconds since 1970
 * @throws HashpoolError 'bad-merge'
 */
export function askMerge(
  db: Database,
  { lost, heir, reason, now }: { lost: Epoch; heir: Epoch; reason: string; now: number },
): void {
  const trouble = whyNot(lost, heir);
  if (trouble !== undefined) throw new HashpoolError('bad-merge', `not merged: ${trouble}`);
  const ask = db.prepare('INSERT INTO epoch_merges (lost, heir, reason, asked_at) VALUES (?, ?, ?, ?)');
  ask.run(lost.epoch, heir.epoch, reason, now);
}

function whyNot(lost: Epoch | undefined, heir: Epoch | undefined): string | undefined {
  if (!lost || !heir) return 'there is no such epoch';
  if (Buffer.compare(lost.poolId, heir.poolId) !== 0)
    return 'they are of two pools, each of which has its own rewards';
  if (lost.standing !== 'stranded')
    return `${lost.unit} is ${lost.standing}; only an epoch that is stranded needs another one's reward`;
  if (lost.mergedInto !== undefined) return `${lost.unit} shares a reward already`;
  if (heir.price) return `the price of ${heir.unit} is fixed; take one that is not redeemable yet`;
  if (heir.standing !== 'live' || !heir.isFinal)
    return `${heir.unit} is not final; take one that is open or closed`;
  return undefined;
}

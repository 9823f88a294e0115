import { COINBASE_MATURITY } from '../../domain/epochs/redemption-window.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { type Epoch, type EpochWork, epochOperations } from './store/epochs.ts';
import { integer } from './store/row.ts';

/** Epochs of a pool that are listed at most, latest first. */
const MOST_LISTED = 1_000;

/** How an epoch stands, in one word for people. */
export type EpochPhase =
  | 'unproven'
  | 'provisional'
  | 'open'
  | 'maturing'
  | 'priced'
  | 'dissolved'
  | 'stranded'
  | 'merged';

/** An epoch as its operator sees it. */
export interface EpochReport extends EpochWork {
  readonly epoch: Epoch;
  readonly phase: EpochPhase;
  /** The unit whose reward it shares. */
  readonly sharesWith: string | undefined;
  /** The height of the chain at which it can be redeemed; undefined while nothing closes it. */
  readonly redeemableAt: number | undefined;
}

/** Reads the epochs of a mint's database; the mint may run meanwhile. */
export function epochReports(db: Database) {
  const { epochsBefore, epochByUnit, epochById, epochWork } = epochOperations(db);
  const pools = db.prepare('SELECT DISTINCT pool_id FROM epochs ORDER BY pool_id');
  const highest = db.prepare('SELECT max(opened_height) AS height FROM epochs');

  function reportOf(epoch: Epoch): EpochReport {
    const heir = epoch.mergedInto === undefined ? undefined : epochById(epoch.mergedInto);
    const closing = (heir ?? epoch).closing;
    const redeemableAt = epoch.pricedHeight ?? (closing && closing.height + COINBASE_MATURITY);
    return { epoch, phase: phaseOf(epoch), sharesWith: heir?.unit, redeemableAt, ...epochWork(epoch.epoch) };
  }

  return {
    /** All epochs, those of each pool lowest first. */
    all(): EpochReport[] {
      const row = highest.get();
      const height = row && row['height'] !== null ? integer(row, 'height') + 1 : 0;
      return pools.all().flatMap(({ pool_id: poolId }) => {
        if (!(poolId instanceof Uint8Array)) return [];
        return epochsBefore({ poolId, height, limit: MOST_LISTED }).reverse().map(reportOf);
      });
    },

    ofUnit(unit: string): EpochReport | undefined {
      const epoch = epochByUnit(unit);
      return epoch && reportOf(epoch);
    },
  };
}

/** A boundary as people write it. */
export function blockName(hashLe: Uint8Array | undefined): string {
  return hashLe ? toHex(reversed(hashLe)) : '';
}

function phaseOf({ standing, isFinal, closing, price, mergedInto }: Epoch): EpochPhase {
  if (price) return 'priced';
  if (standing === 'stranded') return mergedInto === undefined ? 'stranded' : 'merged';
  if (standing !== 'live') return standing;
  if (!isFinal) return 'provisional';
  return closing ? 'maturing' : 'open';
}

import type { Database } from '../../../runtime/sql/database.ts';
import { chainOperations } from './chain.ts';
import { epochOperations } from './epochs.ts';
import { keysetOperations } from './keysets.ts';
import { leaseOperations } from './leases.ts';
import { meltOperations } from './melts.ts';
import { paymentOperations } from './payments.ts';
import { quoteOperations } from './quotes.ts';
import { figureOperations } from './tallies.ts';
import { tokenOperations } from './tokens.ts';
import { workOperations } from './work.ts';

export { schema } from './schema.ts';

/** Everything that the mint's store thread can do; each is all or nothing, and on the disk before it answers. */
export function operations(db: Database) {
  return {
    ...epochOperations(db),
    ...keysetOperations(db),
    ...quoteOperations(db),
    ...figureOperations(db),
    ...tokenOperations(db),
    ...workOperations(db),
    ...paymentOperations(db),
    ...meltOperations(db),
    ...leaseOperations(db),
    ...chainOperations(db),
    /** Answers while the thread lives and the database can be read. */
    ping: (_: null) => db.prepare('SELECT 1').get() !== undefined,
  };
}

export type MintOperations = ReturnType<typeof operations>;

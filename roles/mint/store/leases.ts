import type { Database } from '../../../runtime/sql/database.ts';
import type { LeaseRequest } from '../../../services/work-link/leases.ts';

/** Keeps which outbox has which server id, so that a mint that starts again gives none away that is in use. */
export function leaseOperations(db: Database) {
  const take = db.prepare(`
    INSERT INTO leases (pool_id, server_id, outbox_id, until) VALUES (?, ?, ?, ?)
    ON CONFLICT (pool_id, server_id) DO UPDATE SET outbox_id = excluded.outbox_id, until = excluded.until
    WHERE leases.outbox_id = excluded.outbox_id OR leases.until <= ? OR leases.until > excluded.until
    RETURNING 1`);

  return {
    /**
     * Gives the server id to the outbox, or renews its lease. A lease from a future that the clock was set back from is over.
     * @returns false where another outbox has it
     */
    lease: ({ poolId, serverId, outboxId, now, until }: LeaseRequest): boolean =>
      take.get(poolId, serverId, outboxId, until, now) !== undefined,
  };
}

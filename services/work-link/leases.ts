import { toHex } from '../../protocols/bytes.ts';

/** A server id stays with an outbox for this long after its link was lost: its pool may still be mining. */
export const LEASE_AFTER_LOSS_MS = 30_000;

/** A hold on a server id. */
export interface Lease {
  readonly outboxId: string;
  /** Undefined while the link is up. */
  lostAt: number | undefined;
}

/**
 * Which outbox holds which server id. Two pools with one server id would hand out the same extranonces, and
 * their miners would find the same headers.
 */
export class ServerIdLeases {
  readonly #leases = new Map<string, Lease>();

  /**
   * Takes a server id for an outbox, which may hold it already.
   * @param now milliseconds
   * @returns undefined where another live outbox holds it
   */
  take(poolId: Uint8Array, serverId: number, outboxId: Uint8Array, now: number): Lease | undefined {
    const key = `${toHex(poolId)}/${serverId}`;
    const held = this.#leases.get(key);
    const lease: Lease = { outboxId: toHex(outboxId), lostAt: undefined };
    const isFree = !held || held.outboxId === lease.outboxId || isOver(held, now);
    if (!isFree) return undefined;
    this.#leases.set(key, lease);
    return lease;
  }
}

function isOver({ lostAt }: Lease, now: number): boolean {
  return lostAt !== undefined && lostAt + LEASE_AFTER_LOSS_MS <= now;
}

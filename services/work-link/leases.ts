/**
 * A server id stays with an outbox for this long after its link was last seen: its pool may still be mining. Two pools
 * with one server id would hand out the same extranonces, and their miners would find the same headers.
 */
export const LEASE_MS = 120_000;
/** While a link is up its lease is renewed so often. */
export const RENEWAL_MS = LEASE_MS / 4;

/** An outbox that wants a server id of its pool, or wants to keep it. */
export interface LeaseRequest {
  /** 33 bytes. */
  readonly poolId: Uint8Array;
  readonly serverId: number;
  /** 16 bytes. */
  readonly outboxId: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Until when the outbox is to have it. */
  readonly until: number;
}

/** @param now milliseconds since 1970 */
export function leaseRequest(
  claim: { readonly pool_id: Uint8Array; readonly outbox_id: Uint8Array },
  serverId: number,
  now: number,
): LeaseRequest {
  const { pool_id: poolId, outbox_id: outboxId } = claim;
  return { poolId, serverId, outboxId, now, until: now + LEASE_MS };
}

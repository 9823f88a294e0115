import { u32Le } from '../bytes.ts';
import { readU32 } from '../sv2/wire.ts';

/** The experimental extension type of ehash, on mining connections and on the work link, until one is allocated. */
export const EHASH_EXTENSION = 0x4548;

/** TLV field on `SubmitSharesExtended` and `Open…Channel`: the locking key, a compressed point of 33 bytes. */
export const LOCKING_KEY_FIELD = 0x01;

/** TLV field on `Open…Channel`: the token of 16 bytes by which a cut link gets its channel back. */
export const RESUME_TOKEN_FIELD = 0x02;

/**
 * TLV field on `Open…Channel` and `UpdateChannel`: the maximum target is the channel's target, until an `UpdateChannel`
 * without the field. Its value is empty, or says as U32 how many miners share the channel.
 */
export const FIXED_TARGET_FIELD = 0x03;
/** More miners than this are not believed to share a channel. */
const MAX_SHARING_MINERS = 65_536;

/** The value of {@link FIXED_TARGET_FIELD}. @param miners undefined where the channel is one miner's */
export function encodeFixedTarget(miners?: number): Uint8Array {
  return miners === undefined ? new Uint8Array(0) : u32Le(miners);
}

/** How many miners a value of {@link FIXED_TARGET_FIELD} speaks of, at least 1. */
export function decodeFixedTarget(value: Uint8Array): number {
  const miners = value.length === 4 ? readU32(value, 0) : 1;
  return Math.max(1, Math.min(miners, MAX_SHARING_MINERS));
}

export const LOCKING_KEY_BYTES = 33;
export const RESUME_TOKEN_BYTES = 16;

/**
 * A pool keeps a cut channel for so long; a client has until then to come back. A cut of two minutes is survived with
 * time to connect again.
 */
export const RESUME_LIMIT_MS = 180_000;

/** The worker-name extension (0x0002), whose TLV precedes ours on each share. */
export const WORKER_NAME_EXTENSION = 0x0002;

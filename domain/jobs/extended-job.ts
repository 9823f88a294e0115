import { heightOf } from '../../protocols/bitcoin/script.ts';
import type { Hash, HashedJob } from '../../protocols/crypto/hash.ts';
import { MAX_MINER_TAGS } from '../channels/miner-tag.ts';
import type { SeenShares } from '../shares/seen-shares.ts';

/** Work made of a template or of an upstream's job, the same for all channels of one tag: what `NewExtendedMiningJob` says but for the channel. */
export interface ExtendedJob {
  readonly id: number;
  /** Of what it was made: the template's id, or the number of the upstream's job. */
  readonly templateId: bigint;
  readonly version: number;
  readonly versionRollingAllowed: boolean;
  /** Bits of the version that may be rolled, where they are fewer than the pool's. */
  readonly versionMask?: number;
  /** The earliest time a share may have, in seconds, where it is later than the tip's. */
  readonly minNtime?: number;
  /** Of a job that its client made: the digest by which the same one is known again, 68 bytes. */
  readonly customDigest?: Uint8Array;
  /** The coinbase stripped of its witness, before and behind the full extranonce. */
  readonly coinbasePrefix: Uint8Array;
  readonly coinbaseSuffix: Uint8Array;
  /** From the coinbase's neighbour up, 32 bytes each, as sha256d puts them out. */
  readonly merklePath: readonly Uint8Array[];
  /** The same job, under the same id, with a miner's tag in its coinbase; '' for none. */
  withTag(tag: string): ExtendedJob;
}

/** The block that is built upon, as the template provider's `SetNewPrevHash` has it. */
export interface Tip {
  readonly prevHashLe: Uint8Array;
  readonly nbits: number;
  /** The earliest time a share may have, in seconds. */
  readonly minNtime: number;
  /** What a block must meet; a provider may set it harder than `nbits`. 32 bytes. */
  readonly targetLe: Uint8Array;
  readonly seen: SeenShares;
}

/** A job on its tip, ready to be mined. */
export interface LiveJob {
  readonly job: ExtendedJob;
  readonly tip: Tip;
  readonly hashed: HashedJob;
  /** See {@link ExtendedJob.withTag}. */
  withTag(tag: string): LiveJob;
}

/** Version, count of inputs, the null outpoint and the script's length stand before the script. */
const SCRIPT_AT = 42;

/** The height of the job's block, as its coinbase says it (BIP34); undefined where it says none. */
export function heightOfJob({ coinbasePrefix }: Pick<ExtendedJob, 'coinbasePrefix'>): number | undefined {
  return heightOf(coinbasePrefix.subarray(SCRIPT_AT));
}

/** The earliest time that a share may have for the job, in seconds. */
export function earliestTime({ job, tip }: LiveJob): number {
  return job.minNtime ?? tip.minNtime;
}

/** Puts a job on its tip. */
export function liveJob(job: ExtendedJob, tip: Tip): LiveJob {
  const { coinbasePrefix, coinbaseSuffix, merklePath } = job;
  const { prevHashLe, nbits } = tip;
  const hashed = { coinbasePrefix, coinbaseSuffix, merklePath, prevHashLe, nbits };
  const withTag = perTag(
    () => live,
    (tag) => {
      const tagged = job.withTag(tag);
      return { ...live, job: tagged, hashed: { ...hashed, coinbasePrefix: tagged.coinbasePrefix } };
    },
  );
  const live: LiveJob = { job, tip, hashed, withTag };
  return live;
}

/**
 * Makes a thing once for each tag that is asked for, so that all channels with one tag have the same.
 * @param untagged for the empty tag, which costs nothing
 */
export function perTag<T>(untagged: () => T, make: (tag: string) => T): (tag: string) => T {
  let made: Map<string, T> | undefined;
  return (tag) => {
    if (tag === '') return untagged();
    made ??= new Map();
    const known = made.get(tag);
    if (known !== undefined) return known;
    const thing = make(tag);
    if (made.size < MAX_MINER_TAGS) made.set(tag, thing);
    return thing;
  };
}

const ROOT_OFFSET = 36;
const ROOT_END = 68;
const NO_HEADER = { prevHashLe: new Uint8Array(32), nbits: 0 };

/**
 * The merkle root of a job with a whole extranonce, for who gets it ready-made: standard channels.
 * @returns 32 bytes as the header has them
 */
export function merkleRoot(job: ExtendedJob, extranonce: Uint8Array, hash: Hash): Uint8Array {
  const { coinbasePrefix, coinbaseSuffix, merklePath } = job;
  const hashed = { coinbasePrefix, coinbaseSuffix, merklePath, ...NO_HEADER };
  const { header } = hash.shareHeader(hashed, { extranonce, version: 0, ntime: 0, nonce: 0 });
  return header.slice(ROOT_OFFSET, ROOT_END);
}

import { sha256d } from '../bitcoin/hash.ts';
import { leadingZeroBits } from '../bitcoin/target.ts';
import { equalBytes, toHex } from '../bytes.ts';
import { taggedHash } from '../crypto/tagged-hash.ts';
import { HashpoolError } from '../errors.ts';
import { type EhashPolicy, ehashAmount } from './amount.ts';
import { LOCKING_KEY_BYTES } from './extension.ts';
import { type SumLeaf, type SumProof, type SumRoot, sumBytes, verifySumProof } from './sum-tree.ts';
import type { WorkRecord } from './work-record.ts';

/** What an epoch pays for a share. */
export interface ShareTerms {
  readonly policy: EhashPolicy;
  readonly minimumDifficulty: number;
}

/** A share as it is counted: its header is committed to by its hash. */
export interface CountedShare {
  /** SHA-256d of its header, 32 bytes, header order. */
  readonly hashLe: Uint8Array;
  readonly k: number;
  /** 33 bytes. */
  readonly key: Uint8Array;
}

/** A share of a pool's report, shown to whoever checks it. */
export interface OpenedShare extends WorkRecord {
  /** 32 bytes, which nobody else can guess. */
  readonly salt: Uint8Array;
  readonly proof: SumProof;
}

/** Shares that are drawn of an epoch: one of which a twentieth is no work passes with a chance of 0.6 %. */
export const SAMPLE_SHARES = 100;
/** The block that draws them stands so far above the one at which their report was made. */
export const SAMPLE_DEPTH = 6;

const saltHash = taggedHash('hashpool/share/salt/v1');
const shareHash = taggedHash('hashpool/share/v1');
const sampleHash = taggedHash('hashpool/share/sample/v1');

/**
 * The salt of a share: from a secret of the mint's and its hash, so that none has to be kept, and a share that is
 * opened gives no other away.
 * @param secret 32 bytes
 * @param hashLe SHA-256d of its header, 32 bytes
 * @returns 32 bytes
 */
export function shareSalt(secret: Uint8Array, hashLe: Uint8Array): Uint8Array {
  return saltHash(secret, hashLe);
}

/**
 * The leaf that stands for a share: who mined it, and that it was this one, is told by whoever has its salt alone; what
 * it is worth stands in the open.
 * @param salt 32 bytes
 * @param amount in ehash
 * @throws HashpoolError 'bad-length'
 */
export function shareLeaf({ hashLe, k, key }: CountedShare, salt: Uint8Array, amount: bigint): SumLeaf {
  if (hashLe.length !== 32 || key.length !== LOCKING_KEY_BYTES) {
    throw new HashpoolError(
      'bad-length',
      `a share has a hash of ${hashLe.length} bytes, a key of ${key.length}`,
    );
  }
  if (salt.length !== 32) throw new HashpoolError('bad-length', `a salt has ${salt.length} bytes, not 32`);
  return { commitment: shareHash(salt, hashLe, Uint8Array.of(k), key), amount };
}

/**
 * The amounts below a root at which a report is to be opened: what a later block's hash draws, each ehash as likely as
 * any other. So a report of which a part `f` is not work shows that in `count` samples but for one time in (1 - f)^-count.
 * @param root must have a sum; it was published before the block was found
 * @param blockHashLe 32 bytes, header order
 * @throws HashpoolError 'empty-tree' where the root comes to nothing
 */
export function samplePoints(root: SumRoot, blockHashLe: Uint8Array, count: number): bigint[] {
  if (root.sum === 0n)
    throw new HashpoolError('empty-tree', 'a report that comes to nothing has nothing to sample');
  return Array.from({ length: count }, (_, i) => {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, i);
    const drawn = sampleHash(blockHashLe, root.hash, sumBytes(root.sum), number);
    return BigInt(`0x${toHex(drawn)}`) % root.sum;
  });
}

/**
 * Checks the shares that a pool shows for sample points, one for each in their order: each is in the tree, covers its
 * point, and is the work that it is paid for; and no share is in the tree twice.
 * @throws HashpoolError 'wrong-sample' where a share does not cover its point or one is missing; 'work-not-proven';
 * 'share-twice'; and those of `verifySumProof`, `ehashAmount` and `shareLeaf`, 'wrong-root' where anything of a share was changed
 */
export function verifySample(
  root: SumRoot,
  points: readonly bigint[],
  shares: readonly OpenedShare[],
  terms: ShareTerms,
): void {
  if (shares.length !== points.length) {
    throw new HashpoolError('wrong-sample', `${shares.length} shares are shown for ${points.length} points`);
  }
  points.forEach((point, i) => {
    const share = shares[i];
    if (share) verifyShare(root, point, share, terms);
  });
  shares.forEach((share, i) => {
    const twin = shares.findIndex((other) => equalBytes(other.header, share.header));
    if (twin === i || shares[twin]?.proof.index === share.proof.index) return;
    throw new HashpoolError(
      'share-twice',
      `leaves ${shares[twin]?.proof.index} and ${share.proof.index} are the same share`,
    );
  });
}

function verifyShare(root: SumRoot, point: bigint, share: OpenedShare, terms: ShareTerms): void {
  const { header, k, key, salt, proof } = share;
  const hashLe = sha256d(header);
  const amount = ehashAmount(terms.policy, terms.minimumDifficulty, k, hashLe);
  const leaf = shareLeaf({ hashLe, k, key }, salt, amount);
  const before = verifySumProof(root, leaf, proof);
  if (leadingZeroBits(hashLe) < k) {
    throw new HashpoolError(
      'work-not-proven',
      `leaf ${proof.index} is of 2^${k} hashes, and its hash proves less`,
    );
  }
  if (point < before || point >= before + leaf.amount) {
    throw new HashpoolError(
      'wrong-sample',
      `leaf ${proof.index} is shown for a point that another one covers`,
    );
  }
}

import { leadingZeroBits, leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { concatBytes, toHex } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { targetOfDifficulty } from '../../protocols/sv1/difficulty.ts';
import { hexU32 } from '../../protocols/sv1/fields.ts';
import type { NotifyFields } from '../../protocols/sv1/messages.ts';
import type { Extranonce } from '../../protocols/sv1/server-messages.ts';
import type { Profile } from './profiles/profile.ts';

/** What a pool has told: a job, the extranonce and difficulty that go with it, the version bits to roll. */
export interface Task {
  readonly job: NotifyFields;
  readonly extranonce: Extranonce;
  /** A share's hash must be at most this. */
  readonly target: bigint;
  readonly versionMask: number;
}

/** How a machine lays out its work. */
export type Layout = Pick<Profile, 'extranonce2' | 'firstNonce' | 'nonceText'>;

/** One header's worth of nonces. */
export interface WorkUnit {
  readonly task: Task;
  /** 80 bytes, nonce 0. */
  readonly header: Uint8Array;
  readonly extranonce2: Uint8Array;
  readonly versionBits: number;
  readonly firstNonce: number;
}

export function taskOf(
  job: NotifyFields,
  extranonce: Extranonce,
  difficulty: number,
  versionMask: number,
): Task {
  return { job, extranonce, target: targetOfDifficulty(difficulty), versionMask };
}

/** Leading zero bits that every hash under the target has: what the scan looks for. */
export function scanBits({ target }: Task): number {
  return 256 - target.toString(2).length;
}

/** Hashes that a share of the task proves on average. */
export function hashesPerShare({ target }: Task): bigint {
  return (1n << 256n) / (target + 1n);
}

/**
 * The `index`-th header of a task: another extranonce2 each, and, where version bits may be rolled, another
 * combination of them.
 * @returns undefined where the layout has no such header: extranonce2 has been through, or is fixed
 */
export function workUnit(hash: Hash, layout: Layout, task: Task, index: number): WorkUnit | undefined {
  const { job, extranonce, versionMask } = task;
  const extranonce2 = extranonce2Of(layout, extranonce.extranonce2Size, index);
  if (extranonce2 === undefined) return undefined;
  const versionBits = spread(index, versionMask);
  const version = ((job.version & ~versionMask) | versionBits) >>> 0;
  const full = concatBytes(extranonce.extranonce1, extranonce2);
  const { header } = hash.shareHeader(job, { extranonce: full, version, ntime: job.ntime, nonce: 0 });
  return { task, header, extranonce2, versionBits, firstNonce: layout.firstNonce };
}

/** The hash of the header with that nonce, as sha256d puts it out, where it is a share and not only near one. */
export function shareHash(hash: Hash, { task, header }: WorkUnit, nonce: number): Uint8Array | undefined {
  const complete = Uint8Array.from(header);
  new DataView(complete.buffer).setUint32(76, nonce, true);
  const hashLe = hash.sha256d(complete);
  const isShare = leadingZeroBits(hashLe) >= scanBits(task) && leBytesToTarget(hashLe) <= task.target;
  return isShare ? hashLe : undefined;
}

/** The parameters of `mining.submit`; version bits where some were granted. */
export function submitParams(layout: Layout, user: string, unit: WorkUnit, nonce: number): string[] {
  const { job, versionMask } = unit.task;
  const params = [user, job.jobId, toHex(unit.extranonce2), hexU32(job.ntime), layout.nonceText(nonce)];
  return versionMask === 0 ? params : [...params, hexU32(unit.versionBits)];
}

function extranonce2Of({ extranonce2: kind }: Layout, size: number, index: number): Uint8Array | undefined {
  const bytes = new Uint8Array(size);
  if (kind === 'fixed') {
    bytes[size - 1] = 1;
    return index === 0 ? bytes : undefined;
  }
  if (index >= 256 ** size) return undefined;
  let rest = index;
  for (let place = 0; place < size; place++) {
    bytes[kind === 'first-byte' ? place : size - 1 - place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** The low bits of `value`, laid into the places of the mask. */
function spread(value: number, mask: number): number {
  let bits = 0;
  let rest = value;
  for (let place = 0; place < 32; place++) {
    if (((mask >>> place) & 1) === 0) continue;
    bits |= (rest & 1) << place;
    rest = Math.floor(rest / 2);
  }
  return bits >>> 0;
}

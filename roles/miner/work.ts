import { leadingZeroBits, leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { concatBytes, toHex } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { targetOfDifficulty } from '../../protocols/sv1/difficulty.ts';
import { hexU32 } from '../../protocols/sv1/fields.ts';
import type { NotifyFields } from '../../protocols/sv1/messages.ts';
import type { Extranonce } from '../../protocols/sv1/server-messages.ts';

/** What a pool has told: a job, the extranonce and difficulty that go with it, the version bits to roll. */
export interface Task {
  readonly job: NotifyFields;
  readonly extranonce: Extranonce;
  /** A share's hash must be at most this. */
  readonly target: bigint;
  readonly versionMask: number;
}

/** One header's worth of nonces. */
export interface WorkUnit {
  readonly task: Task;
  /** 80 bytes, nonce 0. */
  readonly header: Uint8Array;
  readonly extranonce2: Uint8Array;
  readonly versionBits: number;
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

/**
 * The `index`-th header of a task: another extranonce2 each, and, where version bits may be rolled, another
 * combination of them. Extranonce2 comes round again after 2^(8 size) headers.
 */
export function workUnit(hash: Hash, task: Task, index: number): WorkUnit {
  const { job, extranonce, versionMask } = task;
  const extranonce2 = new Uint8Array(extranonce.extranonce2Size);
  let rest = index;
  for (let byte = extranonce2.length - 1; byte >= 0; byte--) {
    extranonce2[byte] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  const versionBits = spread(index, versionMask);
  const version = ((job.version & ~versionMask) | versionBits) >>> 0;
  const full = concatBytes(extranonce.extranonce1, extranonce2);
  const { header } = hash.shareHeader(job, { extranonce: full, version, ntime: job.ntime, nonce: 0 });
  return { task, header, extranonce2, versionBits };
}

/** True where the header with that nonce is a share, and not only near one. */
export function isShare(hash: Hash, { task, header }: WorkUnit, nonce: number): boolean {
  const complete = Uint8Array.from(header);
  new DataView(complete.buffer).setUint32(76, nonce, true);
  const hashLe = hash.sha256d(complete);
  return leadingZeroBits(hashLe) >= scanBits(task) && leBytesToTarget(hashLe) <= task.target;
}

/** The parameters of `mining.submit`. */
export function submitParams(
  user: string,
  { task, extranonce2, versionBits }: WorkUnit,
  nonce: number,
): string[] {
  const { jobId, ntime } = task.job;
  const params = [user, jobId, toHex(extranonce2), hexU32(ntime), hexU32(nonce)];
  return task.versionMask === 0 ? params : [...params, hexU32(versionBits)];
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

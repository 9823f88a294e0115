import { lockingKeyField } from '../../domain/channels/locking-key.ts';
import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import { payeeTag } from '../../domain/shares/seen-shares.ts';
import {
  type CheckedShare,
  checkShare,
  type HashedWork,
  judgeWork,
  type ShareError,
  type SubmittedShare,
} from '../../domain/shares/validate-share.ts';
import { hasKeyForm } from '../../protocols/ehash/key.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { decodeWorkerName } from '../../protocols/sv2/extensions/worker-names.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { MiningHouse } from './house.ts';
import type { ShareOwner } from './share-commits.ts';

const BAD_NAME: unique symbol = Symbol("a name that can be no worker's");

/** A share whose work is good. Nobody else can be paid for it any more. */
export interface GoodShare {
  readonly channel: MiningChannel;
  readonly sequenceNumber: number;
  readonly work: HashedWork;
  readonly key: Uint8Array;
  /** The machine that did the work, where the share names it. */
  readonly worker: string | undefined;
  /** Whether the share itself named the key, which is then yet to be judged; the channel's and the house's are points. */
  readonly namedByShare: boolean;
  /** Stored already for the same payee: to be answered as accepted, not to be stored again. */
  readonly replay: boolean;
}

/** A share that is whole and in time, yet to be hashed. */
export interface Submission extends CheckedShare {
  readonly channel: MiningChannel;
  readonly sequenceNumber: number;
  /** The key that it names to be paid, 33 bytes if it is one. */
  readonly named: Uint8Array | undefined;
  readonly worker: string | undefined | typeof BAD_NAME;
}

/** Looks at all of a share but its hash. */
export function checkSubmission(
  { policy }: MiningHouse,
  channel: MiningChannel,
  share: SubmittedShare & { readonly sequence_number: number },
  tlvs: readonly Tlv[],
): Submission | ShareError {
  const now = Math.floor(Date.now() / 1000);
  const rules = { now, clock: performance.now(), versionMask: policy.versionMask };
  const checked = checkShare(channel.jobs, channel.rollableBytes, share, rules);
  if (typeof checked === 'string') return checked;
  const { job } = checked;
  const named = lockingKeyField(tlvs);
  const worker = workerOf(tlvs);
  return { job, share, channel, sequenceNumber: share.sequence_number, named, worker };
}

/** A share whose hash is known, yet to be judged. */
export interface HashedSubmission {
  readonly submission: Submission;
  readonly work: HashedWork;
}

/** Judges a share by its hash and hands a block to the chain, or says what is wrong. */
export function takeShare(
  { policy, events }: MiningHouse,
  { submission: { channel, sequenceNumber, named, worker }, work: hashed }: HashedSubmission,
): GoodShare | ShareError {
  const key = named ?? channel.lockingKey ?? policy.houseKey;
  const claim = { payee: key ? payeeTag(key) : 0, session: channel.session };
  const { error, work, replay = false } = judgeWork(hashed, claim);
  if (work.isBlock) events.onBlock(work);
  if (error) return error;
  if (!key || !hasKeyForm(key)) return 'invalid-ehash-key';
  if (worker === BAD_NAME) return 'invalid-share';
  if (!replay) work.job.live.tip.seen.add(work.hashLe, claim.payee, claim.session);
  return { channel, sequenceNumber, work, key, worker, namedByShare: named !== undefined, replay };
}

/** The worker that a share names (extension 0x0002); who sends more than 32 bytes, or no UTF-8, is told so. */
function workerOf(tlvs: readonly Tlv[]): string | undefined | typeof BAD_NAME {
  try {
    return decodeWorkerName(tlvs);
  } catch (error) {
    if (isHashpoolError(error, 'sv2-bad-tlv')) return BAD_NAME;
    throw error;
  }
}

/**
 * Hands a good share to the store, or takes it back where nobody could sign for its key.
 * @param owner gets the answer once the share is stored
 * @param isPoint whether its key is a point of the curve
 */
export function settleShare(
  house: MiningHouse,
  owner: ShareOwner,
  { channel, sequenceNumber, work, key, worker, replay }: GoodShare,
  isPoint: boolean,
): ShareError | undefined {
  if (!isPoint) {
    if (!replay) work.job.live.tip.seen.forget(work.hashLe);
    return 'invalid-ehash-key';
  }
  if (worker !== undefined) house.workers.note(channel.userIdentity, worker, performance.now());
  if (replay) house.commits.addReplay(owner, channel, sequenceNumber, work);
  else house.commits.add(owner, channel, sequenceNumber, work, key, worker);
  return undefined;
}

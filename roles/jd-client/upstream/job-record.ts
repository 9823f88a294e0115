import type { OwnJob } from '../../../domain/job-declaration/own-job.ts';
import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import { meetsTargetLe } from '../../../protocols/bitcoin/target.ts';
import { concatBytes, readU32Le } from '../../../protocols/bytes.ts';
import type { MiningChannel } from '../../../services/mining-client/channel.ts';
import type { Answered, ShareVerdict } from '../../../services/mining-client/pending-shares.ts';
import type { ShareOwner } from '../../../services/mining-client/share-owner.ts';
import type { Solution } from '../blocks/kept-block.ts';

/** A share on its way to a pool. */
export interface PassedShare {
  readonly work: HashedWork;
  readonly owner: ShareOwner;
  readonly answered: Answered;
}

type State =
  | { readonly name: 'waiting' }
  | { readonly name: 'accepted'; readonly poolJobId: number; readonly targetLe: Uint8Array }
  | { readonly name: 'refused'; readonly code: string };

const VERSION_OFFSET = 0;
const TIME_OFFSET = 68;
const NONCE_OFFSET = 76;

/** A job at one pool, with the shares that wait for its consent. */
export class JobRecord {
  readonly job: OwnJob;
  readonly #channel: MiningChannel;
  readonly #prefix: Uint8Array;
  readonly #judged: (verdict: ShareVerdict) => void;
  #state: State = { name: 'waiting' };
  #held: PassedShare[] = [];
  #solutions: Solution[] = [];
  /** Whole transactions in block order, and their ids, while they may be asked for. */
  transactions: { readonly data: readonly Uint8Array[]; readonly wtxids: readonly Uint8Array[] } | undefined;
  /** The last declaration's request. */
  declaredBy: number | undefined;
  isDeclared = false;

  /**
   * @param channel whose extranonce is in the coinbase
   * @param judged told what the pool says of each share
   */
  constructor(job: OwnJob, channel: MiningChannel, judged: (verdict: ShareVerdict) => void) {
    this.job = job;
    this.#channel = channel;
    this.#prefix = channel.extranoncePrefix;
    this.#judged = judged;
  }

  get waiting(): number {
    return this.#held.length;
  }

  /** What the job was refused with. */
  get refusal(): string | undefined {
    return this.#state.name === 'refused' ? this.#state.code : undefined;
  }

  /** Hands the share on, or holds it. @returns whether it waits */
  submit(share: PassedShare): boolean {
    if (this.#state.name === 'waiting') this.#held.push(share);
    else if (this.#state.name === 'refused') share.answered({ kind: 'refused', code: this.#state.code });
    else this.#send(share, this.#state);
    return this.#state.name === 'waiting';
  }

  /** The pool mines the job, with the target that its channel has at this moment. */
  accept(poolJobId: number): void {
    this.#state = { name: 'accepted', poolJobId, targetLe: this.#channel.targetLe };
    this.transactions = undefined;
    for (const share of this.#held.splice(0)) this.#send(share, this.#state);
  }

  refuse(code: string): void {
    this.#state = { name: 'refused', code };
    this.transactions = undefined;
    for (const { answered } of this.#held.splice(0)) answered({ kind: 'refused', code });
  }

  /** A found block as the jd-server takes it (Stratum V2, 6.4.9). */
  solutionOf({ header, extranonce, job: { live } }: HashedWork): Solution {
    const { prev_hash, nBits: nbits } = this.job.tip;
    return {
      name: 'PushSolution',
      extranonce: concatBytes(live.job.coinbasePrefix.subarray(this.job.coinbase.prefix.length), extranonce),
      prev_hash,
      nonce: readU32Le(header, NONCE_OFFSET),
      ntime: readU32Le(header, TIME_OFFSET),
      nbits,
      version: readU32Le(header, VERSION_OFFSET),
    };
  }

  /** A solution that the jd-server can do nothing with before it has the job. */
  keep(solution: Solution): void {
    this.#solutions.push(solution);
  }

  /** The solutions that were kept. */
  declared(): readonly Solution[] {
    this.isDeclared = true;
    return this.#solutions.splice(0);
  }

  #send({ work, owner, answered }: PassedShare, accepted: Extract<State, { name: 'accepted' }>): void {
    // The pool has made shares harder since the miners were told of the job.
    if (!meetsTargetLe(work.hashLe, accepted.targetLe)) {
      answered({ kind: 'refused', code: 'difficulty-too-low' });
      return;
    }
    const { header, extranonce, job } = work;
    const ownBytes = job.live.job.coinbasePrefix.subarray(
      this.job.coinbase.prefix.length + this.#prefix.length,
    );
    const share = {
      jobId: accepted.poolJobId,
      version: readU32Le(header, VERSION_OFFSET),
      ntime: readU32Le(header, TIME_OFFSET),
      nonce: readU32Le(header, NONCE_OFFSET),
      extranonce: concatBytes(ownBytes, extranonce),
    };
    this.#channel.submit(share, owner, (verdict) => {
      this.#judged(verdict);
      answered(verdict);
    });
  }
}

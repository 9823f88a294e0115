import type { Hash } from '../../../protocols/crypto/hash.ts';
import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { MessageId } from '../../../protocols/sv1/line.ts';
import { errorLine, resultLine } from '../../../protocols/sv1/messages.ts';
import { parseSubmit } from '../../../protocols/sv1/requests.ts';
import type { ShareVerdict } from '../../../services/mining-client/pending-shares.ts';
import { ShareOwner } from '../../../services/mining-client/share-owner.ts';
import type { KnownDifficulties } from '../known-difficulties.ts';
import type { MinerTeller } from './miner-teller.ts';
import type { Seat } from './seats.ts';
import { countRefusal, countShare, refusalOf, refusalOfLoss, type ShareCounts } from './share-answer.ts';
import { checkShare, checkWork } from './share-check.ts';
import type { Worker } from './workers.ts';

/** Shares of one connection that may wait for the pool's answer. */
export const MAX_UNANSWERED_SHARES = 256;
/** A pool that pays in no ehash may answer shares by the batch: a miner is not left waiting for longer. */
export const ANSWER_LIMIT_MS = 10_000;
/**
 * A miner's shares are hashed here until the pool has accepted so many in a row, and again after one that it refused: what a
 * broken miner sends costs the pool nothing, and a good one's shares no time here.
 */
export const TRUSTED_AFTER = 8;

export interface ShareDeskOptions {
  readonly hash: Hash;
  readonly counts: ShareCounts;
  /** Told of the difficulty of shares that were accepted. */
  readonly difficulties?: Pick<KnownDifficulties, 'note'>;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly send: (line: string) => void;
  readonly teller: MinerTeller;
}

/** A share that waits for the pool's answer, and its miner for ours. */
interface WaitingShare {
  readonly id: MessageId | undefined;
  readonly since: number;
  readonly worker: Worker;
  /** Of its job, 32 bytes. */
  readonly targetLe: Uint8Array;
  /** The answer comes, be it by another link. */
  readonly isSure: boolean;
  /** Its miner has our answer. */
  isAnswered: boolean;
}

/** The shares of one connection: each is answered with what the pool said of it, and counted. */
export class ShareDesk {
  readonly #options: ShareDeskOptions;
  /** Those whose answer may never come, oldest first. */
  readonly #unsure = new Set<WaitingShare>();
  #waiting = 0;
  #acceptedInARow = 0;

  constructor(options: ShareDeskOptions) {
    this.#options = options;
  }

  /**
   * Sends a share up; its answer comes by itself.
   * @param id of the request; undefined where it wants no answer
   * @throws Sv1Error where it is refused at once
   */
  submit(id: MessageId | undefined, params: unknown, seat: Seat, workers: ReadonlyMap<string, Worker>): void {
    try {
      this.#sendUp(id, params, seat, workers);
    } catch (error) {
      if (error instanceof Sv1Error) {
        const { counts, teller } = this.#options;
        countRefusal(counts, error.refusal);
        const [first] = workers.keys();
        teller.rejected(first ?? '', error.refusal.reason);
      }
      throw error;
    }
  }

  /** Tells the miner of shares that the pool has not answered in time. To be called about once a second. */
  answerOverdue(): void {
    const now = this.#options.now();
    for (const share of this.#unsure) {
      if (now - share.since < ANSWER_LIMIT_MS) return;
      this.#settle(share);
      this.#refuse(share, refusalOfLoss(`none for ${ANSWER_LIMIT_MS / 1000} s`));
    }
  }

  #sendUp(
    id: MessageId | undefined,
    params: unknown,
    { channel: miner, walletKey }: Seat,
    workers: ReadonlyMap<string, Worker>,
  ): void {
    const { jobs, layout, open } = miner;
    const { hash, now, wallClock } = this.#options;
    if (layout === undefined) throw new Sv1Error(refusals.notSubscribed);
    const submit = parseSubmit(params, layout.extranonce2Size);
    const worker = workers.get(submit.username);
    if (worker === undefined) throw new Sv1Error(refusals.unauthorized);
    if (open === undefined) throw new Sv1Error(refusalOfLoss('the link to it is down'));
    const told = jobs.told.get(submit.jobId);
    if (this.#waiting >= MAX_UNANSWERED_SHARES)
      throw new Sv1Error(refusalOfLoss('too many shares wait for it'));
    const share = checkShare(told, submit, { versionMask: jobs.versionMask, wallClockMs: wallClock() });
    if (this.#acceptedInARow < TRUSTED_AFTER) checkWork(hash, told, share);
    const { targetLe } = told.job;
    const { channel } = told.footing;
    const isSure = channel.isResumable;
    const waiting = { id, worker, targetLe, since: now(), isSure, isAnswered: false };
    this.#waiting++;
    if (!isSure) this.#unsure.add(waiting);
    if (worker.paysWallet) renewKey(worker, walletKey.use());
    channel.submit(share, worker.owner, (verdict) => this.#answer(waiting, verdict));
  }

  /** What the pool said, and only that, makes a share true; it counts also where the miner was answered before. */
  #answer(share: WaitingShare, verdict: ShareVerdict): void {
    const { counts, teller, now } = this.#options;
    const { username } = share.worker;
    countShare(counts, verdict);
    if (verdict.kind === 'accepted') teller.accepted(username, share.targetLe, now() - share.since);
    else teller.rejected(username, verdict.kind === 'refused' ? verdict.code : 'no-answer');
    this.#acceptedInARow = verdict.kind === 'accepted' ? this.#acceptedInARow + 1 : 0;
    if (verdict.kind === 'accepted') this.#options.difficulties?.note(username, share.targetLe);
    if (share.isAnswered) return;
    this.#settle(share);
    if (verdict.kind !== 'accepted') this.#refuse(share, refusalOf(verdict));
    else if (share.id !== undefined) this.#options.send(resultLine(share.id, true));
  }

  #settle(share: WaitingShare): void {
    share.isAnswered = true;
    this.#waiting--;
    if (!share.isSure) this.#unsure.delete(share);
  }

  #refuse({ id }: WaitingShare, refusal: ReturnType<typeof refusalOf>): void {
    if (id !== undefined) this.#options.send(errorLine(id, refusal));
  }
}

/** @param key the wallet's of this epoch, where it has one already */
function renewKey(worker: Worker, key: Uint8Array | undefined): void {
  if (key !== undefined && key !== worker.owner.lockingKey)
    worker.owner = new ShareOwner(worker.owner.worker, key);
}

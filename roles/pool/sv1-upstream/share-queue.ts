import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import type { Answer } from './connection.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** Shares without an answer, sent or not; of more, the oldest that are not sent give way. */
export const MAX_UNANSWERED = 1024;

/** Sends a share; undefined where it can't be sent any more, and why. */
export type SendShare = (work: HashedWork) => Promise<Answer> | string;

/** The shares for one upstream until each has its answer. Those that a cut link left without one are sent again. */
export class ShareQueue {
  readonly #report: (work: HashedWork, outcome: Outcome) => void;
  /** Not sent, or sent over a link that was cut; blocks first, and else in their order. */
  #waiting: HashedWork[] = [];
  #underWay = 0;
  #send: SendShare | undefined;

  /** @param report told once of each share that was taken */
  constructor(report: (work: HashedWork, outcome: Outcome) => void) {
    this.#report = report;
  }

  /** Shares without an answer. */
  get size(): number {
    return this.#waiting.length + this.#underWay;
  }

  /** Shares that were sent and whose answers are still to come. */
  get underWay(): number {
    return this.#underWay;
  }

  add(work: HashedWork): void {
    if (work.isBlock) this.#waiting.unshift(work);
    else this.#waiting.push(work);
    while (this.size > MAX_UNANSWERED) {
      const oldest = this.#waiting.findIndex(({ isBlock }) => !isBlock);
      if (oldest < 0) break;
      for (const dropped of this.#waiting.splice(oldest, 1))
        this.#report(dropped, { kind: 'lost', words: `more than ${MAX_UNANSWERED} wait for an answer` });
    }
    this.#sendAll();
  }

  /** The link is up, with the session that the waiting shares belong to. */
  up(send: SendShare): void {
    this.#send = send;
    this.#sendAll();
  }

  /** The link is down: what comes waits, and what had no answer waits again. */
  down(): void {
    this.#send = undefined;
  }

  /** What waits can't be sent any more. */
  drop(words: string): void {
    for (const work of this.#waiting.splice(0)) this.#report(work, { kind: 'lost', words });
  }

  #sendAll(): void {
    const send = this.#send;
    if (!send) return;
    for (const work of this.#waiting.splice(0)) {
      const answer = send(work);
      if (typeof answer === 'string') this.#report(work, { kind: 'lost', words: answer });
      else void this.#await(work, answer);
    }
  }

  async #await(work: HashedWork, answer: Promise<Answer>): Promise<void> {
    this.#underWay++;
    const said = await answer;
    this.#underWay--;
    if (said.kind === 'cut') this.#waiting.push(work);
    else this.#report(work, outcomeOf(said));
  }
}

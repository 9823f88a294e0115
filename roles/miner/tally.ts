import type { Answer } from './pool-connection.ts';

/** Error code of Stratum V1 for a share whose job is over. */
const STALE = 21;
/** Different words that are counted apart; of a pool that has more, the rest is counted together. */
const MAX_WORDS = 100;
const OTHER_WORDS = 'other words';

/** What machines went through, counted. Rejected shares include the stale ones. */
export class Tally {
  sent = 0;
  accepted = 0;
  rejected = 0;
  stale = 0;
  /** Shares whose connection ended before they were answered. */
  unanswered = 0;
  /** Shares that were not sent, since the machine's firmware drops such. */
  dropped = 0;
  /** Hashes that the accepted shares prove. */
  credited = 0n;
  /** Connections that were made, and times that a machine was mining again after it had lost one. */
  connections = 0;
  reconnects = 0;
  /** Connections that could not be made. */
  unreachable = 0;
  /** Times that the pool asked to connect again, and gave another extranonce. */
  reconnectsAsked = 0;
  extranoncesSet = 0;
  /** How often each reason was given: for rejected shares, for connections that ended, for handshakes that failed. */
  readonly rejections = new Map<string, number>();
  readonly endings = new Map<string, number>();
  readonly refusals = new Map<string, number>();

  /** @param proven hashes that the share stands for */
  answered(answer: Answer, proven: bigint): void {
    if (answer.kind === 'lost') this.unanswered++;
    else if (answer.kind === 'granted') {
      this.accepted++;
      this.credited += proven;
    } else {
      this.rejected++;
      if (answer.code === STALE) this.stale++;
      count(this.rejections, answer.code === undefined ? answer.words : `${answer.words} (${answer.code})`);
    }
  }

  ended(reason: string): void {
    count(this.endings, reason);
  }

  refused(words: string): void {
    count(this.refusals, words);
  }

  copy(): Tally {
    const copy = new Tally();
    copy.add(this);
    return copy;
  }

  /** Adds what another one has counted. */
  add(other: Tally): void {
    for (const key of COUNTS) this[key] += other[key];
    this.credited += other.credited;
    for (const key of ['rejections', 'endings', 'refusals'] as const)
      for (const [words, times] of other[key]) count(this[key], words, times);
  }
}

const COUNTS = [
  'sent',
  'accepted',
  'rejected',
  'stale',
  'unanswered',
  'dropped',
  'connections',
  'reconnects',
  'unreachable',
  'reconnectsAsked',
  'extranoncesSet',
] as const;

function count(map: Map<string, number>, words: string, times = 1): void {
  const key = map.has(words) || map.size < MAX_WORDS ? words : OTHER_WORDS;
  map.set(key, (map.get(key) ?? 0) + times);
}

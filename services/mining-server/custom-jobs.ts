import { setTimeout as delay } from 'node:timers/promises';
import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import { customExtendedJob } from '../../domain/job-declaration/custom-extended-job.ts';
import {
  type CustomJobRules,
  judgeCustomJob,
  type SetCustomMiningJob,
} from '../../domain/job-declaration/judge-custom-job.ts';
import { heightOfJob, type LiveJob, liveJob, type Tip } from '../../domain/jobs/extended-job.ts';
import type { JobIds } from '../../domain/jobs/job-ids.ts';
import { equalBytes, toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import {
  decodeToken,
  identityHash,
  type MiningJobToken,
  type TokenTerms,
} from '../../protocols/sv2/mining-job-token.ts';

/** How long a jd-client's node may be ahead of ours: its job waits so long for our tip, and is not refused for it. */
const TIP_PATIENCE_MS = 5_000;
const TIP_POLL_MS = 50;
/** Jobs of all clients that may be looked at at once. */
const MAX_AT_ONCE = 1_000;
/** Used tokens are remembered until they expire; with so many the pool takes no more. */
const MAX_USED = 1_000_000;
/** No token lives longer, so that used ones need not be remembered for longer. */
const MAX_TOKEN_SECONDS = 86_400;
/** Prev hashes of tips that are gone, which need not be waited for. */
const MAX_PAST_TIPS = 16;

export interface CustomJobsOptions
  extends Pick<CustomJobRules, 'network' | 'rewardScript' | 'isCoinbaseOnlyTaken'> {
  readonly ids: JobIds;
  /** Whether a jd-server of this pool signed the token, found out on a worker thread. */
  verify(token: MiningJobToken): Promise<boolean>;
  /** Unix seconds. */
  now(): number;
  readonly tipPatienceMs?: number;
}

/** Jobs that clients make themselves, each by a token of a jd-server (Stratum V2, 5.3.18). */
export class CustomJobs {
  readonly #options: CustomJobsOptions;
  /** Expiry of each used token, by its id; in the order of their use. */
  readonly #used = new Map<string, number>();
  readonly #pastTips: Uint8Array[] = [];
  #looking = 0;

  constructor(options: CustomJobsOptions) {
    this.#options = options;
  }

  /** The chain has gone on from a tip. */
  passed({ prevHashLe }: Tip): void {
    this.#pastTips.push(prevHashLe);
    if (this.#pastTips.length > MAX_PAST_TIPS) this.#pastTips.shift();
  }

  /**
   * Judges a job. The same job again, by another token, is the one that the channel has: a second target for the same
   * hashes would let a client choose after the fact under which to hand each in.
   * @param current the pool's own job
   * @throws HashpoolError with a code of SetCustomMiningJob.Error
   */
  async take(
    message: SetCustomMiningJob,
    channel: MiningChannel,
    current: () => LiveJob | undefined,
  ): Promise<LiveJob> {
    if (this.#looking >= MAX_AT_ONCE)
      throw new HashpoolError('too-many-jobs', 'too many jobs wait for their tip: try again');
    this.#looking++;
    try {
      const terms = await this.#termsOf(message.mining_job_token, channel);
      const own = await this.#onTip(message.prev_hash, current);
      return this.#make(message, terms, channel, own);
    } finally {
      this.#looking--;
    }
  }

  #make(message: SetCustomMiningJob, terms: TokenTerms, channel: MiningChannel, own: LiveJob): LiveJob {
    const { ids, now } = this.#options;
    const { tip } = own;
    const height = heightOfJob(own.job);
    const extranonceBytes = channel.prefix.bytes.length + channel.rollableBytes;
    const customDigest = judgeCustomJob(message, terms, tip, {
      ...this.#options,
      height,
      extranonceBytes,
      now: now(),
    });
    this.#use(terms);
    const live = channel.jobs.live(performance.now());
    const same = live.find(
      ({ live: { job } }) => job.customDigest && equalBytes(job.customDigest, customDigest),
    );
    if (same) return same.live;
    return liveJob(customExtendedJob(message, { id: ids.next(), customDigest, extranonceBytes }), tip);
  }

  /** @throws HashpoolError 'invalid-mining-job-token' */
  async #termsOf(bytes: Uint8Array, channel: MiningChannel): Promise<TokenTerms> {
    const token = decodeToken(bytes);
    const { id, identity, expiry } = token.terms;
    const now = this.#options.now();
    if (!equalBytes(identity, identityHash(channel.userIdentity)))
      throw refusal("it was given to another user_identity than the channel's");
    if (expiry <= now) throw refusal('it has expired');
    if (expiry > now + MAX_TOKEN_SECONDS) throw refusal('it lasts longer than any token does');
    if (this.#used.has(toHex(id))) throw refusal('it was used before');
    if (!(await this.#options.verify(token))) throw refusal('no jd-server of this pool has signed it');
    return token.terms;
  }

  /** @throws HashpoolError 'invalid-mining-job-token' where another message has used it meanwhile */
  #use({ id, expiry }: TokenTerms): void {
    const key = toHex(id);
    if (this.#used.has(key)) throw refusal('it was used before');
    const now = this.#options.now();
    if (this.#used.size >= MAX_USED)
      for (const [old, until] of this.#used) if (until <= now) this.#used.delete(old);
    if (this.#used.size >= MAX_USED)
      throw new HashpoolError('too-many-jobs', 'too many tokens were used: try again');
    this.#used.set(key, expiry);
  }

  /** The pool's own job on that tip. @throws HashpoolError 'stale-chain-tip' */
  async #onTip(prevHashLe: Uint8Array, current: () => LiveJob | undefined): Promise<LiveJob> {
    const until = performance.now() + (this.#options.tipPatienceMs ?? TIP_PATIENCE_MS);
    for (;;) {
      const own = current();
      if (own && equalBytes(own.tip.prevHashLe, prevHashLe)) return own;
      const isPast = this.#pastTips.some((past) => equalBytes(past, prevHashLe));
      if (isPast || performance.now() > until)
        throw new HashpoolError(
          'stale-chain-tip',
          "prev_hash is not the pool's tip: send a job on the newest one",
        );
      await delay(TIP_POLL_MS);
    }
  }
}

const refusal = (words: string) =>
  new HashpoolError('invalid-mining-job-token', `the mining job token can't be used: ${words}`);

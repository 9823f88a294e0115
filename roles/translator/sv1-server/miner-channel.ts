import type { HashpoolError } from '../../../protocols/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import { type ExtranonceLayout, isSameExtranonce, layOutExtranonce } from './extranonce.ts';
import type { Footing } from './job-table.ts';
import { JobTeller } from './job-teller.ts';
import type { Upstream, UpstreamChannel, UpstreamOwner } from './upstream.ts';
import { type DifficultySettings, difficultyWish, NOTHING_WANTED, type WantedDifficulty } from './wish.ts';

/** The pool hears of a new difficulty at most this often. */
const MIN_UPDATE_INTERVAL_MS = 1000;
/** A pool that has no work yet is asked for the channel again after so long. */
const RETRY_MS = 1000;
/** A miner without a channel for so long is hung up on: it may have another pool to go to. */
export const MAX_OUTAGE_MS = 300_000;

export interface ChannelSettings extends DifficultySettings {
  /** The name that the pool knows this translator's channels by. */
  readonly userIdentity: string;
  readonly extranonce2Size: number;
  /** Milliseconds after which the last job is told again. */
  readonly jobKeepaliveMs: number;
}

/** What a miner's channel says to the miner's connection. */
export interface MinerEnd {
  /** The first channel is open: `mining.subscribe` can be answered. */
  subscribed(layout: ExtranonceLayout): void;
  /** The pool would not open a channel. */
  refused(words: string): void;
  /** The miner must come again, since what it was told holds no more. */
  comeAgain(reason: string): void;
  hangUp(reason: string): void;
}

export interface MinerChannelOptions {
  readonly upstream: Upstream;
  readonly settings: ChannelSettings;
  readonly end: MinerEnd;
  /** 16 random bytes for each opening, by which the pool knows the channel again after a cut link. */
  readonly resumeToken: () => Uint8Array;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** One miner's channel at the pool, over cut links too: its extranonce, its difficulty wish, its jobs. */
export class MinerChannel implements UpstreamOwner {
  /** True where the miner understands `mining.set_extranonce`. */
  takesExtranonce = false;
  readonly jobs: JobTeller;
  readonly #upstream: Upstream;
  readonly #settings: ChannelSettings;
  readonly #end: MinerEnd;
  readonly #resumeToken: () => Uint8Array;
  readonly #now: () => number;
  #channel: UpstreamChannel | undefined;
  #layout: ExtranonceLayout | undefined;
  #footing: Footing | undefined;
  #wanted: WantedDifficulty = NOTHING_WANTED;
  #wishTold = true;
  #wishToldAt = Number.NEGATIVE_INFINITY;
  #isOpening = false;
  /** Counts the moves to another pool: of the miner, of what is being opened, and of the open channel. */
  #moves = 0;
  #openingFor = 0;
  #openFor = 0;
  #isSentAway = false;
  #lockingKey: Uint8Array | undefined;
  #retryAt: number | undefined;
  #lostAt: number | undefined;
  #isReleased = false;

  constructor(options: MinerChannelOptions) {
    this.#upstream = options.upstream;
    this.#settings = options.settings;
    this.#end = options.end;
    this.#resumeToken = options.resumeToken;
    this.#now = options.now;
    this.jobs = new JobTeller(options.settings.jobKeepaliveMs, options.now);
  }

  /** The miner says that it understands `mining.set_extranonce`: where such miners share channels, it goes to one of these. */
  takeExtranonces(): void {
    const isNews = !this.takesExtranonce;
    this.takesExtranonce = true;
    const isToMove = isNews && this.#upstream.isShared && !this.#channel?.isShared;
    if (!isToMove || this.#lockingKey === undefined) return;
    this.#moves++;
    this.request(this.#lockingKey);
  }

  get open(): UpstreamChannel | undefined {
    return this.#channel;
  }

  /** What the miner was told last; undefined until it is subscribed. */
  get layout(): ExtranonceLayout | undefined {
    return this.#layout;
  }

  /**
   * The miners' pool is another one: what is open at the one before serves until there is a channel at this one. A miner
   * that can't be told a new extranonce comes again.
   */
  move(): void {
    this.#moves++;
    if (this.#layout !== undefined && !this.takesExtranonce) this.#sendAway('the pool is another one now');
  }

  /** Asks the pool for a channel. @param lockingKey the channel's own, for shares that name none */
  request(lockingKey: Uint8Array): void {
    const isAtPool = this.#channel !== undefined && this.#openFor === this.#moves;
    if (isAtPool || this.#isOpening || this.#isReleased || this.#isSentAway) return;
    this.#openingFor = this.#moves;
    const { userIdentity, extranonce2Size } = this.#settings;
    this.#isOpening = true;
    this.#lockingKey = lockingKey;
    this.#retryAt = undefined;
    this.#wishTold = true;
    this.#upstream.open(
      {
        userIdentity,
        ...difficultyWish(this.#wanted, this.#settings),
        minExtranonceSize: extranonce2Size,
        lockingKey,
        resumeToken: this.#resumeToken(),
      },
      this,
    );
  }

  /** What the miner wants from now on. */
  wishDifficulty(wanted: WantedDifficulty): void {
    this.#wanted = wanted;
    this.#wishTold = false;
    this.#tellWish();
  }

  /** To be called about once a second: asks, tells and gives up what is due by now. */
  tick(): void {
    this.#tellWish();
    const now = this.#now();
    if (this.#retryAt !== undefined && now >= this.#retryAt && this.#lockingKey !== undefined) {
      this.request(this.#lockingKey);
    }
    if (this.#lostAt !== undefined && now - this.#lostAt > MAX_OUTAGE_MS)
      this.#end.hangUp('the pool stays away');
    this.jobs.tick();
  }

  /** The miner is gone. */
  release(): void {
    this.#isReleased = true;
    this.#leave();
  }

  opened(channel: UpstreamChannel): void {
    const layout = layOutExtranonce(channel, this.#settings.extranonce2Size);
    const former = this.#channel;
    if (this.#isOpening) this.#openFor = this.#openingFor;
    this.#isOpening = false;
    this.#channel = channel;
    this.#lostAt = undefined;
    if (former !== channel) former?.leave('moved-to-another-pool');
    if (this.#isReleased) {
      this.#leave();
      return;
    }
    if (layout === undefined) {
      this.#leave();
      this.#end.refused(`The pool leaves ${channel.extranonceSize} bytes of extranonce: too few`);
      return;
    }
    this.jobs.forget();
    this.#tellWish();
    if (this.#openFor !== this.#moves && this.#lockingKey !== undefined) this.request(this.#lockingKey);
    if (this.#layout !== undefined) {
      this.#follow(layout);
      return;
    }
    this.#layout = layout;
    this.#end.subscribed(layout);
  }

  moved(channel: UpstreamChannel): void {
    const layout = layOutExtranonce(channel, this.#settings.extranonce2Size);
    if (layout === undefined || this.#isReleased || this.#isSentAway) return;
    this.#channel = channel;
    this.#follow(layout);
  }

  refused(error: HashpoolError): void {
    this.#isOpening = false;
    // With the link down the miner waits: the channel is asked for again when the link is back.
    if (!this.#upstream.isUp || this.#isReleased) return;
    if (error.code === 'pool-not-ready') this.#retryAt = this.#now() + RETRY_MS;
    else this.#end.refused(error.message);
  }

  job(job: ActiveJob, extranoncePrefix: Uint8Array): void {
    const channel = this.#channel;
    if (channel === undefined || this.#isSentAway) return;
    if (extranoncePrefix !== this.#layout?.prefix) {
      const { extranonceSize } = channel;
      const layout = layOutExtranonce({ extranoncePrefix, extranonceSize }, this.#settings.extranonce2Size);
      if (layout !== undefined) this.#follow(layout);
    }
    const layout = this.#layout;
    if (this.#isSentAway || layout === undefined) return;
    if (this.#footing?.channel !== channel || this.#footing.layout !== layout) {
      this.#footing = { channel, layout };
    }
    this.jobs.take(job, this.#footing);
  }

  closed(reason: string): void {
    this.#channel = undefined;
    this.jobs.forget();
    this.#lostAt = this.#now();
    // With the pool well it was this channel alone: by coming again the miner gets a new one.
    if (this.#upstream.isUp && !this.#isOpening && this.#openFor === this.#moves) this.#sendAway(reason);
  }

  /** A miner whose extranonce changed is told so if it asked for that; another one has to come again. */
  #follow(layout: ExtranonceLayout): void {
    const isNews = this.#layout === undefined || !isSameExtranonce(this.#layout, layout);
    if (isNews && !this.takesExtranonce) {
      this.#sendAway('the pool gave a new extranonce, which this miner cannot be told');
      return;
    }
    this.#layout = layout;
    if (isNews) this.jobs.takeExtranonce(layout);
  }

  #sendAway(reason: string): void {
    if (this.#isSentAway) return;
    this.#isSentAway = true;
    this.#end.comeAgain(reason);
  }

  /** Shares that wait are still answered, and count. */
  #leave(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.leave('miner-disconnected');
  }

  #tellWish(): void {
    const isDue = this.#now() - this.#wishToldAt >= MIN_UPDATE_INTERVAL_MS;
    if (this.#wishTold || !isDue || this.#channel === undefined) return;
    this.#wishTold = true;
    this.#wishToldAt = this.#now();
    this.#channel.update(difficultyWish(this.#wanted, this.#settings));
  }
}

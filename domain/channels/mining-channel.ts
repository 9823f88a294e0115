import { toHex } from '../../protocols/bytes.ts';
import type { ExtranoncePrefix } from '../extranonce/allocator.ts';
import { type ChannelJob, ChannelJobs } from '../jobs/channel-jobs.ts';
import type { ExtendedJob, LiveJob } from '../jobs/extended-job.ts';
import { ShareAcks } from '../shares/share-acks.ts';
import {
  clientRange,
  type DifficultyLimit,
  toldExponent,
  type UsefulExponent,
} from '../vardiff/difficulty-limits.ts';
import type { ExponentRange, Vardiff } from '../vardiff/vardiff.ts';

/** A standard channel rolls nonce, time and version; an extended one the extranonce's end too. */
export type ChannelKind = 'standard' | 'extended';

export interface MiningChannelOptions {
  readonly kind: ChannelKind;
  /** Unique among channels and groups of the connection. */
  readonly id: number;
  /** 0 for none. */
  readonly groupId: number;
  /** Unique among all channels of the process; tells who sent a share first. */
  readonly session: number;
  readonly userIdentity: string;
  /** What of it stands in the coinbase of the channel's jobs; '' for nothing. */
  readonly tag: string;
  readonly prefix: ExtranoncePrefix;
  /** 0 for a standard channel, whose prefix is the whole extranonce. */
  readonly rollableBytes: number;
  /** Who is paid where a share doesn't say. */
  readonly lockingKey: Uint8Array | undefined;
  readonly vardiff: Vardiff;
  /** Hashes a second, as the client says. */
  readonly nominalHashRate: number;
  /** The smallest exponent that the client's maximum target allows. */
  readonly clientFloor: number;
  /** Whether the client wants to stay there, whatever its shares say. */
  readonly isFixed: boolean;
  /** How many miners share the channel, where it stays; their rates add up. */
  readonly miners: number;
  /** The operator's bounds for this client. */
  readonly difficultyLimit: DifficultyLimit | undefined;
  /** By which the client gets the channel back after a cut, see resumable-channels.ts; undefined: it does not. */
  readonly resumeName: string | undefined;
  /** Those of the channel that this one resumes. */
  readonly jobs?: ChannelJobs;
}

/** The name by which a client is known over its channels: whom they are for, as it says. */
export function clientName(userIdentity: string, lockingKey: Uint8Array | undefined): string {
  return `${lockingKey ? toHex(lockingKey) : ''}/${userIdentity}`;
}

/** What a server keeps of one channel (Stratum V2, 5.1). */
export class MiningChannel {
  readonly kind: ChannelKind;
  readonly id: number;
  readonly session: number;
  readonly userIdentity: string;
  readonly rollableBytes: number;
  readonly lockingKey: Uint8Array | undefined;
  readonly vardiff: Vardiff;
  readonly difficultyLimit: DifficultyLimit | undefined;
  readonly resumeName: string | undefined;
  readonly jobs: ChannelJobs;
  readonly acks = new ShareAcks();
  groupId: number;
  /** Of jobs to come, as the prefix. */
  tag: string;
  /** Of jobs to come; each job keeps the one that it was sent with. */
  prefix: ExtranoncePrefix;
  /** 2^(256-k) - 1 is the target of jobs to come: what {@link MiningChannel.settle} made of the vardiff's exponent. */
  k: number;
  nominalHashRate: number;
  clientFloor: number;
  isFixed: boolean;
  miners: number;

  constructor(options: MiningChannelOptions) {
    this.kind = options.kind;
    this.id = options.id;
    this.groupId = options.groupId;
    this.session = options.session;
    this.userIdentity = options.userIdentity;
    this.tag = options.tag;
    this.prefix = options.prefix;
    this.k = options.vardiff.k;
    this.rollableBytes = options.rollableBytes;
    this.lockingKey = options.lockingKey;
    this.vardiff = options.vardiff;
    this.nominalHashRate = options.nominalHashRate;
    this.clientFloor = options.clientFloor;
    this.isFixed = options.isFixed;
    this.miners = options.miners;
    this.difficultyLimit = options.difficultyLimit;
    this.resumeName = options.resumeName;
    this.jobs = options.jobs ?? new ChannelJobs();
  }

  /**
   * The channel on another connection: prefix, jobs and difficulty go on; what was not acknowledged is to be sent again.
   * @param changes with a new `session`, so that a share sent again is told from a duplicate
   */
  resumed(changes: Omit<MiningChannelOptions, 'prefix' | 'vardiff' | 'jobs'>): MiningChannel {
    const { prefix, vardiff, jobs } = this;
    return new MiningChannel({ ...changes, prefix, vardiff, jobs });
  }

  /** Notes a job to be mined on a tip to come. */
  announce(job: ExtendedJob): void {
    this.jobs.announce(job.id, this.prefix.bytes);
  }

  /** A new tip: the job gets the target the channel has now, all others are stale. */
  activate(live: LiveJob): void {
    this.jobs.activate(this.#own(live));
  }

  /** Another job on the same tip, with the target the channel has now. @param now milliseconds */
  add(live: LiveJob, now: number): void {
    this.jobs.add(this.#own(live), now);
  }

  /** Where the channel's exponent must stay; its floor is above its ceiling where the client's target isn't paid. */
  range(paid: ExponentRange): ExponentRange {
    return clientRange(paid, this.clientFloor, this.difficultyLimit);
  }

  /**
   * Follows the vardiff's exponent, and what is of use to an upstream.
   * @param useful see {@link toldExponent}
   * @returns whether the client is to be told
   */
  settle(useful: UsefulExponent | undefined, { floor }: ExponentRange): boolean {
    const before = this.k;
    this.k = toldExponent(this.vardiff.k, useful, floor);
    return this.k !== before;
  }

  #own(live: LiveJob): ChannelJob {
    return { live, k: this.k, extranoncePrefix: this.prefix.bytes };
  }
}

import type { ActiveWorkers } from '../../domain/channels/active-workers.ts';
import type { MinerTags } from '../../domain/channels/miner-tag.ts';
import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import type { ResumableChannels } from '../../domain/channels/resumable-channels.ts';
import type { ExtranonceAllocator } from '../../domain/extranonce/allocator.ts';
import type { ExtendedJob, LiveJob } from '../../domain/jobs/extended-job.ts';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import type { DifficultyLimits, UsefulExponent } from '../../domain/vardiff/difficulty-limits.ts';
import type { DifficultyMemory } from '../../domain/vardiff/difficulty-memory.ts';
import type { ExponentRange } from '../../domain/vardiff/vardiff.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import type { SetupConnection } from '../../protocols/sv2/common.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import type { Acks } from './acks.ts';
import type { WorkUpdate } from './channel-work.ts';
import type { CustomJobs } from './custom-jobs.ts';
import type { ExtensionTerms } from './extensions.ts';
import type { ShareDesk, StoredShare } from './share-commits.ts';

export type Message<N extends MiningMessage['name']> = Extract<MiningMessage, { name: N }>;

/** How channels are run, by config. */
export interface MiningPolicy {
  /** Shares a minute that each channel's target aims at. */
  readonly sharesPerMinute: number;
  /** Bounds for the targets of single clients. */
  readonly difficultyLimits?: DifficultyLimits;
  /** Bits of the version that miners may roll. */
  readonly versionMask: number;
  /** Bytes of a miner's name in the coinbase of its jobs; none where it is 0 or left out. */
  readonly minerTagLength?: number;
  /** Who is paid where a client names nobody; undefined: such clients are refused. */
  readonly houseKey: Uint8Array | undefined;
  readonly extensions: ExtensionTerms;
  /** Jobs that clients make themselves; undefined: none are taken. */
  readonly customJobs?: CustomJobs | undefined;
  /** Open on all connections. */
  readonly maxChannels: number;
  /** Of one address on all its connections, those closed included while their extranonce prefixes are not free. */
  readonly maxChannelsPerAddress: number;
  /** A connection may be without its first channel for so long. */
  readonly firstChannelMs: number;
}

/** What the server reports; each is cheap to call. */
export interface MiningEvents {
  /** A share that is a block, before it is stored or answered: to be sent on at once. */
  onBlock(work: HashedWork): void;
  /** A share is stored, for the first time, and about to be answered. */
  onStored?(work: HashedWork): void;
  onChannels?(open: number): void;
  /** @param error a ShareError, or the word of whom shares are passed on to */
  onRejected?(error: string, connection: number, channel: number): void;
  /** Connections have numbers of their own, from 1. */
  onConnected?(connection: number, remote: string, setup: SetupConnection): void;
  onDisconnected?(connection: number): void;
  onChannelOpened?(connection: number, channel: MiningChannel): void;
  onChannelClosed?(connection: number, channel: MiningChannel): void;
  /** All clients have this job; telling them took so many milliseconds. */
  onWork?(live: LiveJob, ms: number): void;
  /** A share is stored that was not before. */
  onAccepted?(connection: number, share: StoredShare, work: HashedWork): void;
}

export interface NumberedUpdate {
  readonly number: number;
  readonly update: WorkUpdate;
}

/** What all connections of one mining server share. */
export interface MiningHouse {
  readonly policy: MiningPolicy;
  readonly events: MiningEvents;
  readonly hash: Hash;
  readonly log: Log;
  readonly allocator: ExtranonceAllocator;
  /** Those that shares name. */
  readonly workers: ActiveWorkers;
  /** Names of miners in the coinbases of their jobs. */
  readonly tags: MinerTags;
  /** Channels that clients can get back after a cut. */
  readonly resumable: ResumableChannels<MiningChannel>;
  readonly commits: ShareDesk;
  readonly acks: Acks;
  readonly figures: MiningFigures;
  /** What the shares of each client proved, for its next channel. */
  readonly memory: DifficultyMemory;
  /** Exponents that are paid; undefined until the mint has told its terms. */
  range: ExponentRange | undefined;
  /** What an upstream's shares ask of channels; undefined where there is none. */
  useful: UsefulExponent | undefined;
  /** Why no channel may be open now; empty where they may. */
  readonly obstacles: Set<string>;
  /** The newest job on the current tip. */
  current: LiveJob | undefined;
  /** Jobs that wait for their tip. */
  announced: readonly ExtendedJob[];
  /** Updates of work that have not reached all connections yet, in their order. */
  readonly pending: readonly NumberedUpdate[];
  nextSession(): number;
  nextConnection(): number;
  /** A channel is over for good: gives back what it had of the house's. */
  retire(channel: MiningChannel): void;
  /** Whether 33 bytes are a point of the curve, found out on a worker thread. */
  isPoint(key: Uint8Array): Promise<boolean>;
  /** A job of the current template that is newer than `jobId`. */
  renew(jobId: number): LiveJob | undefined;
  /** Reads no more from a connection until the store has caught up. */
  hold(resume: () => void): void;
}

/** Counters since start. */
export interface MiningFigures {
  channels: number;
  accepted: number;
  rejected: number;
  /** Channels refused since the connection, the address or the pool had as many as it may. */
  tooMany: number;
  /** Channels refused since no extranonce prefix was free. */
  exhausted: number;
}

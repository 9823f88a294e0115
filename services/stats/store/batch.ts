import type { Work } from '../../../domain/stats/hashrate.ts';
import type { StatsEvent } from '../api/schemas/events.ts';
import type { MinerState } from '../live/known-miners.ts';
import type { SourceMark } from '../live/sources.ts';

/** Shares of a step. */
export interface ShareSums extends Work {
  readonly rejected: number;
}

export interface SideSample extends ShareSums {
  /** Begin of a step of SIDE_STEP seconds, Unix seconds. */
  readonly at: number;
  /** Newly known of it. */
  readonly seconds: number;
}

export interface MinerSample extends ShareSums {
  /** Begin of a step of MINER_STEP seconds, Unix seconds. */
  readonly at: number;
  readonly minerId: number;
}

export interface RejectCount {
  /** Begin of a step of MINER_STEP seconds, Unix seconds. */
  readonly at: number;
  /** 0 for all of the side. */
  readonly minerId: number;
  readonly reason: string;
  readonly count: number;
  /** Unix ms. */
  readonly lastAt: number;
}

export interface QuoteSample {
  /** Begin of a step of SIDE_STEP seconds, Unix seconds. */
  readonly at: number;
  readonly created: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly ehash: bigint;
  /** Sum over the acknowledged. */
  readonly delaysMs: number;
}

/** A name that has sent shares. Times are Unix ms. */
export interface MinerRow {
  readonly id: number;
  readonly name: string;
  readonly software: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly lastShareAt: number | undefined;
  /** Hashes that its luckiest share stands for. */
  readonly bestWork: bigint | undefined;
  readonly state: MinerState;
  readonly stateSince: number;
}

export const BLOCK_STATES = ['sent', 'found', 'confirmed', 'orphaned'] as const;

/** What is known of a block; what is undefined stays as it was. */
export interface BlockNews {
  /** 64 hex digits, as explorers show it. */
  readonly hash: string;
  readonly state: (typeof BLOCK_STATES)[number];
  readonly foundAt: number;
  readonly height?: number | undefined;
  readonly confirmations?: number | undefined;
  readonly valueSat?: bigint | undefined;
  readonly minerId?: number | undefined;
}

/** Sums since the first record. */
export interface Totals {
  readonly accepted: bigint;
  readonly rejected: bigint;
  readonly work: bigint;
  readonly created: bigint;
  readonly ehash: bigint;
  readonly acknowledged: bigint;
  readonly refused: bigint;
  readonly lost: bigint;
}

export const NO_TOTALS: Totals = {
  accepted: 0n,
  rejected: 0n,
  work: 0n,
  created: 0n,
  ehash: 0n,
  acknowledged: 0n,
  refused: 0n,
  lost: 0n,
};

/** All that has happened since the last batch; written as one transaction. */
export interface Batch {
  readonly side: readonly SideSample[];
  readonly miners: readonly MinerRow[];
  readonly minerSamples: readonly MinerSample[];
  readonly rejects: readonly RejectCount[];
  readonly quotes: readonly QuoteSample[];
  readonly blocks: readonly BlockNews[];
  readonly events: readonly StatsEvent[];
  readonly totals: Totals;
  /** The events that all this was made of. */
  readonly sources: readonly SourceMark[];
  /** End of the last gap, Unix ms. */
  readonly lostAt: number | undefined;
}

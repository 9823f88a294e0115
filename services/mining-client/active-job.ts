/** What a job is to all channels that have it, with everything that was fixed when it became active. */
export interface Work {
  /** The pool's id, unique among the live jobs of a channel. */
  readonly jobId: number;
  readonly version: number;
  readonly versionRollingAllowed: boolean;
  /** Coinbase without witness: prefix, full extranonce and suffix hash to its txid. */
  readonly coinbasePrefix: Uint8Array;
  readonly coinbaseSuffix: Uint8Array;
  /** Siblings of the coinbase from the deepest, header order. */
  readonly merklePath: readonly Uint8Array[];
  /** Header order. */
  readonly prevHashLe: Uint8Array;
  readonly nbits: number;
  readonly minNtime: number;
  /** True for the first job on a prev hash: jobs before it are stale. */
  readonly cleanJobs: boolean;
}

/** A job that can be mined: one object for all channels that have it at the same target. */
export interface ActiveJob {
  /** The same object for all channels that were sent the job together. */
  readonly work: Work;
  /** The one target that a share of this job must meet to be paid, whatever the channel's target becomes. */
  readonly targetLe: Uint8Array;
}

import type { HashedWork } from '../../domain/shares/validate-share.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { Figures } from '../../runtime/notify.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { PoolConfig, PoolShared } from './config.ts';
import type { FoundBlocks, FoundBlocksOptions } from './found-blocks.ts';
import type { PoolStatus } from './status.ts';
import type { TipShares } from './tip-shares.ts';
import type { WorkFeed } from './work-feed.ts';

/** Where a pool's work comes from, and where its blocks go: a template provider, or ordinary pools. */
export interface Source {
  readonly feed: WorkFeed;
  /** As words of a log have it. */
  readonly name: string;
  /** Whether it is connected and has brought work. */
  readonly isServed: boolean;
  /** Takes found blocks that may not have arrived once more. */
  readonly blockTaker: FoundBlocksOptions['provider'];
  readonly figures: Figures;
  /** Connects, the first time it is called: once the mint's terms are known. */
  begin(): void;
  /**
   * A share is a block, before it is stored.
   * @returns false where it is not to be kept as one
   */
  takeBlock(work: HashedWork): boolean;
  /** A share is stored. */
  takeShare(work: HashedWork): void;
  close(): Promise<void>;
}

/** What a source is made of. */
export interface SourceParts {
  readonly context: Pick<RoleContext<PoolConfig, PoolShared>, 'config' | 'log'>;
  readonly workers: HandshakeWorkers;
  readonly shares: TipShares;
  readonly status: PoolStatus;
  /** Undefined until they are read from the disk. */
  readonly blocks: () => FoundBlocks | undefined;
}

import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import type { SourceSettings } from '../settings.ts';
import type { Source, SourceParts } from '../source.ts';
import { UpstreamFeed } from './upstream-feed.ts';
import { Upstreams } from './upstreams.ts';

/** Blocks that are kept on one prev hash: one can be in the chain, and more than a few tell of wrong nbits. */
export const MOST_BLOCKS = 16;

/** Work of ordinary pools that are spoken to by Stratum V1. */
export function upstreamSource(
  { accounts }: Extract<SourceSettings, { kind: 'upstreams' }>,
  { context, shares, status, blocks }: SourceParts,
): Source {
  const { config, log } = context;
  const feed = new UpstreamFeed({
    log,
    blockBits: config.sv1_block_target_bits,
    seenOn: (prevHash) => shares.on(prevHash),
  });
  const upstreams = new Upstreams({
    accounts,
    log,
    onJob(job) {
      blocks()?.tip(job.fields.prevHashLe);
      feed.takeJob(job);
    },
    onVersionMask: (mask) => feed.takeVersionMask(mask),
    onTarget: (target) => feed.takeTarget(target),
    onStatus: (text) => status.waitsFor('source', text),
    onFigures: () => status.changed(),
  });
  const keep = new BlockCap(() =>
    log.error(
      { alert: 'too-many-blocks' },
      `more than ${MOST_BLOCKS} blocks were found on one prev hash: the upstream's nbits are wrong, or it does not take blocks`,
    ),
  );
  return {
    feed,
    name: 'the upstream',
    get isServed() {
      return upstreams.isServed;
    },
    blockTaker: {
      get isConnected() {
        return upstreams.isServed;
      },
      // As a share it waits for its answer, and is sent again, like all others.
      submitSolution: () => undefined,
      requestTransactionData: async () => undefined,
    },
    get figures() {
      return upstreams.figures;
    },
    begin: () => upstreams.begin(),
    takeBlock(work) {
      upstreams.submit(work);
      return keep.takes(work);
    },
    takeShare(work) {
      if (!work.isBlock) upstreams.submit(work);
    },
    close: () => upstreams.close(),
  };
}

/** Bounds the blocks of a tip, since nbits are an upstream's word alone. */
class BlockCap {
  readonly #exceeded: () => void;
  #tip: HashedWork['job']['live']['tip'] | undefined;
  #count = 0;

  constructor(exceeded: () => void) {
    this.#exceeded = exceeded;
  }

  takes({ job }: HashedWork): boolean {
    const { tip } = job.live;
    if (tip.seen !== this.#tip?.seen) this.#count = 0;
    this.#tip = tip;
    this.#count++;
    if (this.#count === MOST_BLOCKS + 1) this.#exceeded();
    return this.#count <= MOST_BLOCKS;
  }
}

import { sha256d } from '../../../protocols/bitcoin/hash.ts';
import { equalBytes, reversed, toHex } from '../../../protocols/bytes.ts';
import { readReport, rootOf } from '../../../protocols/ehash/report.ts';
import { SAMPLE_DEPTH, SAMPLE_SHARES, samplePoints } from '../../../protocols/ehash/share-leaf.ts';
import type { ShownShare } from '../../../protocols/ehash/work-link.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { Rounds } from '../../../runtime/rounds.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { WorkLinkServer } from '../../../services/work-link/server.ts';
import type { Engine } from '../engine.ts';
import type { Epoch } from '../store/epochs.ts';
import { shareAnswer } from './answers.ts';
import type { FoundShare, TreeOperations } from './tree-store.ts';

/** Epochs whose sample is gathered at one time. */
const AT_ONCE = 4;
/** Blocks for which a pool that is away is waited for; then what it has shown is all that is published. */
const SAMPLE_PATIENCE_BLOCKS = 144;
const INTERVAL_MS = 5_000;

export interface SamplerParts {
  readonly engine: Engine;
  readonly trees: Store<TreeOperations>;
  readonly workLink: Pick<WorkLinkServer, 'askForShares'>;
  /** The height of the chain, undefined while the node cannot be asked. */
  readonly height: () => number | undefined;
  /** That make a block final. */
  readonly confirmations: number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly intervalMs?: number;
}

/** A sample that is gathered: what was drawn, and what the pool has shown of it. */
interface Sample {
  readonly poolId: Uint8Array;
  readonly block: { readonly height: number; readonly hash: string };
  readonly drawn: readonly (FoundShare | undefined)[];
  /** By hash, of those that are wanted. */
  readonly shown: Map<string, ShownShare>;
  readonly wanted: ReadonlyMap<string, Uint8Array>;
  /** The height at which the pool was asked last. */
  askedAt: number | undefined;
}

/**
 * Publishes a sample of each epoch's shares, which a block draws that came after its report: their pool has headers and
 * coinbases, and is asked for them.
 */
export class Sampler {
  readonly #parts: SamplerParts;
  readonly #rounds: Rounds;
  /** By epoch. */
  readonly #samples = new Map<number, Sample>();

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(() => this.#run(), {
      everyMs: parts.intervalMs ?? INTERVAL_MS,
      onTrouble: (err, trouble) => parts.log.error({ err }, `no sample of shares was made: ${trouble}`),
    });
  }

  /** Takes what a pool shows, of which only what was drawn of its own epochs counts. */
  take(poolId: Uint8Array, shares: readonly ShownShare[]): void {
    const samples = [...this.#samples.values()].filter((sample) => equalBytes(sample.poolId, poolId));
    for (const share of shares) {
      const hash = toHex(sha256d(share.header));
      for (const { wanted, shown } of samples) if (wanted.has(hash)) shown.set(hash, share);
    }
  }

  /** Asks for what is missing, and publishes what is whole. Never rejects. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #run(): Promise<void> {
    const { engine, height } = this.#parts;
    const tip = height();
    if (tip === undefined) return;
    const due = await engine.store.call('unsampled', AT_ONCE);
    for (const epoch of this.#samples.keys()) {
      // Another process of the mint has published it.
      if (!due.some((each) => each.epoch.epoch === epoch)) this.#samples.delete(epoch);
    }
    for (const { epoch, report } of due) await this.#gather(epoch, report, tip);
  }

  async #gather(epoch: Epoch, report: number, tip: number): Promise<void> {
    const { engine, workLink, log } = this.#parts;
    const sample = this.#samples.get(epoch.epoch) ?? (await this.#draw(epoch, report, tip));
    if (!sample) return;
    this.#samples.set(epoch.epoch, sample);
    const { wanted, shown, block } = sample;
    const missing = [...wanted].flatMap(([hash, hashLe]) => (shown.has(hash) ? [] : [hashLe]));
    const isLate = tip > block.height + SAMPLE_PATIENCE_BLOCKS;
    if (missing.length > 0 && !isLate) {
      // It looks through its whole outbox for them: once for each block is often enough.
      if (tip !== sample.askedAt) workLink.askForShares(epoch.poolId, missing);
      sample.askedAt = tip;
      return;
    }
    await engine.store.call('addSample', { epoch: epoch.epoch, body: sampleText(sample) });
    this.#samples.delete(epoch.epoch);
    const { unit } = epoch;
    if (missing.length === 0) log.info({ unit, block }, `${wanted.size} shares of ${unit} are shown`);
    else log.warn({ unit, missing: missing.length }, `the pool has not shown all that was drawn of ${unit}`);
  }

  /** @returns undefined while the block that draws is not final */
  async #draw(epoch: Epoch, report: number, tip: number): Promise<Sample | undefined> {
    const { engine, trees, confirmations } = this.#parts;
    const row = await engine.store.call('reportByNumber', report);
    if (!row) return undefined;
    const { chain, epochs } = readReport(row.body);
    const height = chain.height + SAMPLE_DEPTH;
    if (tip < height + confirmations - 1) return undefined;
    const at = await engine.store.call('followedAt', height);
    if (!at) return undefined;
    const reported = epochs.find(({ unit }) => unit === epoch.unit);
    const root = reported && rootOf(reported.shares);
    const points = root && root.sum > 0n ? samplePoints(root, at.hashLe, SAMPLE_SHARES) : [];
    const drawn = await trees.call('sharesAt', { epoch: epoch.epoch, report, points });
    const wanted = new Map(
      drawn.flatMap((share) => (share ? [[toHex(share.hashLe), share.hashLe] as const] : [])),
    );
    const block = { height, hash: toHex(reversed(at.hashLe)) };
    return { poolId: epoch.poolId, block, drawn, shown: new Map(), wanted, askedAt: undefined };
  }
}

function sampleText({ block, drawn, shown }: Sample): string {
  const shares = drawn.map((share) => {
    const origin = share && shown.get(toHex(share.hashLe));
    if (!share || !origin) return null;
    const { header, coinbase, merkle_path } = origin;
    return {
      ...shareAnswer(share),
      header: toHex(header),
      coinbase: toHex(coinbase),
      merkle_path: merkle_path.map(toHex),
    };
  });
  return JSON.stringify({ block, shares });
}

import { toHex } from '../../protocols/bytes.ts';
import { faultPoint } from '../../runtime/fault-point.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Engine } from './engine.ts';
import { EpochLog } from './epoch-log.ts';
import type { Losses } from './losses.ts';
import type { Pool } from './pools.ts';
import { type EpochTerms, isLost } from './store/epochs.ts';

export interface EpochKeeperParts {
  readonly engine: Engine;
  readonly pools: readonly Pool[];
  /** What an epoch of that pool is opened with. */
  readonly terms: (pool: Pool) => EpochTerms;
  /** Confirmations that make a boundary final. */
  readonly confirmations: number;
  readonly losses: Pick<Losses, 'frozen'>;
  readonly log: Logger;
}

/**
 * Brings the pools' epochs to where the chain is, whenever the chain was followed to its tip: see domain/epochs/layout.ts for
 * what becomes of them, and the table in store/schema.ts for the order of writes. What it does is a function of the chain
 * and the ledger, so that a mint which ends in between does it when it starts again.
 */
export class EpochKeeper {
  readonly #parts: EpochKeeperParts;
  readonly #log: EpochLog;
  /** What the chain asked for when it was last done, by pool: most blocks ask for nothing new. */
  readonly #done = new Map<string, string>();

  constructor(parts: EpochKeeperParts) {
    this.#parts = parts;
    this.#log = new EpochLog(parts.log);
  }

  /**
   * Precondition: the chain is followed to the node's tip.
   * @returns whether there may be more to do without a new block: an operator is waited for, or the share of a block
   * @throws the store's and the signer's errors
   */
  async arrange(): Promise<boolean> {
    const { pools, engine, losses } = this.#parts;
    if (losses.frozen !== undefined) return false;
    let hasChanged = await this.#merge();
    for (const pool of pools) if (pool.script && (await this.#arrangeOne(pool))) hasChanged = true;
    if (hasChanged) await engine.epochs.changed();
    // Which of its quotes are paid has changed with the epoch.
    if (hasChanged) engine.quotesChanged();
    // The share may have come after it was asked for here, and before anybody else asks.
    return engine.epochs.all.some((epoch) => isLost(epoch) || epoch.standing === 'unproven');
  }

  /** Carries out what an operator has asked for. */
  async #merge(): Promise<boolean> {
    const { engine, log } = this.#parts;
    if (!engine.epochs.all.some(isLost)) return false;
    let hasMerged = false;
    for (const merge of await engine.store.call('wantedMerges', null)) {
      if (!(await engine.store.call('mergeEpochs', merge))) continue;
      faultPoint('epochs-merged');
      hasMerged = true;
      const unitOf = (epoch: number) => engine.epochs.all.find((each) => each.epoch === epoch)?.unit;
      const [lost, heir] = [unitOf(merge.lost), unitOf(merge.heir)];
      log.warn({ lost, heir }, `${lost} shares the reward of ${heir}, by work, as its operator has asked`);
    }
    return hasMerged;
  }

  async #arrangeOne(pool: Pool): Promise<boolean> {
    const { engine, terms, confirmations } = this.#parts;
    const { poolId } = pool;
    const course = await engine.store.call('course', { poolId, confirmations });
    if (course.isBehind || course.isUntouched) return false;
    const { blocks, unopened } = course;
    const asked = blocks.map(({ hash, kind, isFinal }) => `${hash} ${kind} ${isFinal}`).join();
    if (this.#done.get(toHex(poolId)) === asked) return false;
    const keysets = [];
    for (const height of unopened) keysets.push(await engine.epochs.keysetOf(poolId, height));
    faultPoint('epochs-planned');
    const arranged = await engine.store.call('arrangeEpochs', {
      poolId,
      blocks,
      terms: terms(pool),
      keysets,
    });
    faultPoint('epochs-arranged');
    this.#done.set(toHex(poolId), asked);
    this.#log.tell(arranged, blocks);
    return arranged.epochs.length > 0;
  }
}

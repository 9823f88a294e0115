import { cashuError } from '../../protocols/cashu/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Tip } from './chain/chain-view.ts';
import type { Engine } from './engine.ts';
import type { LossState } from './store/losses.ts';

/** What to do about a frozen mint; docs/operations.md has it at length. */
const REMEDY = 'restore it with its journal, or accept the loss by npm run restore -- --accept-loss';

/**
 * What the mint does about a database that is older than what it has given out: it only reads until its operator has
 * brought the rest back or accepted the loss, and never pays work of the time that is lost.
 */
export class Losses {
  readonly #engine: Engine;
  readonly #log: Logger;
  #state: LossState;

  private constructor(engine: Engine, log: Logger, state: LossState) {
    this.#engine = engine;
    this.#log = log;
    this.#state = state;
  }

  static async open(engine: Engine, log: Logger): Promise<Losses> {
    const losses = new Losses(engine, log, await engine.store.call('lossState', null));
    if (losses.frozen !== undefined) losses.#stop(losses.frozen);
    return losses;
  }

  /** Why the mint only reads, in words, and what to do. */
  get frozen(): string | undefined {
    const { frozen } = this.#state;
    return frozen === undefined ? undefined : `${frozen}; ${REMEDY}`;
  }

  get hasJournal(): boolean {
    return this.#state.isOn;
  }

  /** @throws HashpoolError 'signing-stopped' while frozen, 'mint-not-ready' while it is not known what is lost */
  checkOpen(): void {
    if (this.frozen !== undefined) throw cashuError('signing-stopped', this.frozen);
    if (this.#state.isHeightWanted)
      throw cashuError('mint-not-ready', 'it waits for bitcoind to say up to which block work may be lost');
  }

  /** Why work on a block is not paid, unless it is a quote already; undefined where it is. */
  reasonFor(parent: { readonly height: number }): string | undefined {
    const { lostHeight } = this.#state;
    if (lostHeight === undefined || parent.height > lostHeight) return undefined;
    return `lost: it builds on block ${parent.height}, and what was paid on blocks up to ${lostHeight} is lost`;
  }

  /** Stops all but reading, for good. @param reason in words */
  async freeze(reason: string): Promise<void> {
    if (this.frozen !== undefined) return;
    await this.#engine.store.call('freeze', reason);
    this.#state = await this.#engine.store.call('lossState', null);
    if (this.frozen !== undefined) this.#stop(this.frozen);
  }

  /** After a loss the first tip of a node that is up to date says which blocks it concerns. */
  async onTip(tip: Tip): Promise<void> {
    if (tip.isSyncing || !this.#state.isHeightWanted || this.frozen !== undefined) return;
    await this.#engine.store.call('settleLoss', tip.height);
    this.#state = await this.#engine.store.call('lossState', null);
    this.#log.warn({ height: tip.height }, 'work on blocks up to this one that is not known is not paid');
  }

  #stop(reason: string): void {
    this.#log.fatal({ alert: 'frozen' }, `the mint only reads: ${reason}`);
    this.#engine.issuance.stop(`it only reads: ${reason}`);
  }
}

import { REDEMPTION_UNIT } from '../../domain/epochs/redemption.ts';
import { COINBASE_MATURITY } from '../../domain/epochs/redemption-window.ts';
import { toHex } from '../../protocols/bytes.ts';
import { eachOnItsOwn } from '../../runtime/each-own.ts';
import type { Logger } from '../../runtime/logs.ts';
import { Rounds } from '../../runtime/rounds.ts';
import type { Engine } from './engine.ts';
import type { Epoch } from './store/epochs.ts';

/** How long an outbox that has not passed a boundary is waited for once the reward is mature: a day of blocks. */
export const PATIENCE_BLOCKS = 144;
/** Epochs of a pool that are looked at in one turn, and those that are ended in one. */
const BATCH = 16;
/** Prices may wait for outboxes, which move without a new block. */
const INTERVAL_MS = 5_000;

export interface PricingParts {
  readonly engine: Engine;
  /** The height up to which the chain is followed, undefined while it is not. */
  readonly height: () => number | undefined;
  /** Whether what nobody redeemed goes to the pool's next reward; else it is the operator's. */
  readonly isCarried: boolean;
  /** Looks once more for the places of quotes that wait for their block: they have no part in a price. */
  readonly settle?: () => Promise<void>;
  /** Pays what is due of priced epochs to keys without a wallet, before any window ends. */
  readonly credit?: () => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly intervalMs?: number;
}

/**
 * Fixes what an epoch's ehash is worth: once the coinbase that closed it is mature, and every outbox of the pool has
 * delivered its shares of before, or has had a day to. Ends it when its window has passed.
 */
export class Pricing {
  readonly #parts: PricingParts;
  readonly #rounds: Rounds;
  /** The height at which all windows were looked at last. */
  #expiredBy: number | undefined;
  /** Units whose wait was told of. */
  readonly #waiting = new Set<string>();

  constructor(parts: PricingParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(() => this.#run(), {
      everyMs: parts.intervalMs ?? INTERVAL_MS,
      onTrouble: (err, trouble) =>
        parts.log.error(
          { err, alert: 'price-not-fixed' },
          `no price was fixed, it is tried again: ${trouble}`,
        ),
    });
  }

  /** Fixes the prices that are due. Never rejects. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #run(): Promise<void> {
    const height = this.#parts.height();
    if (height === undefined) return;
    await eachOnItsOwn([() => this.#fixDue(height), () => this.#endPassed(height)], (part) => part());
  }

  async #fixDue(height: number): Promise<void> {
    const { engine, settle } = this.#parts;
    const asked = { closedBy: height - COINBASE_MATURITY, ofPool: BATCH };
    const due = await engine.store.call('unpriced', asked);
    if (due.length > 0) await settle?.();
    await eachOnItsOwn(due, (epochs) => this.#fix(epochs, height));
  }

  async #endPassed(height: number): Promise<void> {
    const { engine, credit } = this.#parts;
    // What is owed can't be credited while nothing is signed: no window ends then.
    const isCredited = engine.issuance.stopped === undefined && !engine.issuance.isHeld;
    await credit?.();
    if (isCredited && height !== this.#expiredBy) await this.#expire(height);
  }

  async #fix(epochs: readonly [Epoch, ...Epoch[]], height: number): Promise<void> {
    const { engine, log } = this.#parts;
    const [{ unit, closing, poolId }] = epochs;
    if (!closing || (await this.#isAwaited(epochs[0], height))) return;
    const ids = epochs.map(({ epoch }) => epoch);
    if (!(await engine.store.call('fixPrice', { epochs: ids, height }))) return;
    this.#waiting.delete(unit);
    await engine.epochs.reload();
    engine.events.emit('keysets-changed', {});
    const pool = toHex(poolId);
    if (!engine.keysets.active(REDEMPTION_UNIT)) {
      const alert = { alert: 'no-sat-keyset', unit };
      log.error(
        alert,
        `${unit} has its price, and nobody can redeem it: this mint signs no sats; add [payments] to its config`,
      );
    }
    for (const each of epochs) {
      const price = (await engine.store.call('epochById', each.epoch))?.price;
      if (!price) continue;
      const { rewardSats, feeSats, payableSats, work } = price;
      const about = { unit: each.unit, pool, height, reward: rewardSats, fee: feeSats, work };
      log.info(about, `${each.unit} can be redeemed: ${payableSats} sats for ${work} ehash`);
    }
  }

  /** Ends the epochs whose window has passed. */
  async #expire(height: number): Promise<void> {
    const { engine, isCarried, log } = this.#parts;
    const passed = await engine.store.call('passedWindows', { height, limit: BATCH });
    await eachOnItsOwn(passed, async (epoch) => {
      const left = await engine.store.call('expireEpoch', { epoch, height, isCarried });
      const unit = (await engine.store.call('epochById', epoch))?.unit;
      if (left === undefined) return;
      const goes = isCarried ? "go to the pool's next reward" : "are the operator's";
      log.info(
        { unit, height, left },
        `${unit} can be redeemed no more: ${left} sats that nobody asked for ${goes}`,
      );
    });
    if (passed.length < BATCH) this.#expiredBy = height;
  }

  /** Whether shares of an epoch may still come. */
  async #isAwaited({ unit, poolId, closing }: Epoch, height: number): Promise<boolean> {
    const { engine, log } = this.#parts;
    const below = closing?.height ?? 0;
    const behind = await engine.store.call('outboxesBelow', { poolId, height: below });
    if (behind.length === 0) return false;
    const outboxes = behind.map(toHex);
    const until = below + COINBASE_MATURITY + PATIENCE_BLOCKS;
    const isLate = height >= until;
    if (isLate) {
      const alert = { alert: 'outbox-left-behind', unit, outboxes };
      log.error(
        alert,
        `${unit} gets its price without all shares: what these outboxes still hold goes into a later epoch`,
      );
    } else if (!this.#waiting.has(unit)) {
      this.#waiting.add(unit);
      const text = `the price of ${unit} waits for outboxes that have not delivered all shares of before height ${below}; at height ${until} it is fixed without them`;
      log.warn({ unit, outboxes }, text);
    }
    return !isLate;
  }
}

import { randomBytes } from 'node:crypto';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { newQuoteId, QUOTE_ID_RANDOM_BYTES, quoteIdText } from '../../protocols/cashu/quote-id.ts';
import { messageOf } from '../../protocols/errors.ts';
import { faultPoint } from '../../runtime/fault-point.ts';
import type { Logger } from '../../runtime/logs.ts';
import { Rounds } from '../../runtime/rounds.ts';
import type { Tip } from './chain/chain-view.ts';
import type { Engine } from './engine.ts';
import type { PaymentBackend } from './payments/backend.ts';
import type { Pool } from './pools.ts';
import type { Epoch, EpochTerms } from './store/epochs.ts';

/** Requests that are answered in one turn. */
const BATCH = 16;
const INTERVAL_MS = 2_000;
/** An upstream may pay out once a week. */
const INVOICE_SECONDS = 7 * 86_400;

export interface LightningRewardParts {
  readonly engine: Engine;
  readonly pools: readonly Pick<Pool, 'poolId' | 'feePpm' | 'lightning'>[];
  /** Of Lightning. */
  readonly backend: Pick<PaymentBackend, 'createRequest' | 'requestStored'>;
  /** The chain's, undefined while the node cannot be asked. */
  readonly tip: () => Tip | undefined;
  /** What an epoch of that pool is opened with. */
  readonly terms: (pool: Pick<Pool, 'feePpm'>) => EpochTerms;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly intervalMs?: number;
}

/**
 * Rewards of pools in front of an upstream: makes the invoices that their operator hands to it, and closes an epoch by what
 * came in, once its period is over. The reward is there already, so that the epoch can be redeemed at once.
 *
 *     G1  an invoice is made and kept        killed before it: nobody was told of it, and another one is made
 *     G2  it is paid: one transaction with   killed before it: the backend tells of the payment again
 *         the watermark (P4)
 *     G3  one transaction: epoch closed,     killed after it: the next start reads the epochs
 *         price fixed, the next one open
 */
export class LightningRewards {
  readonly #parts: LightningRewardParts;
  readonly #rounds: Rounds;

  constructor(parts: LightningRewardParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(() => this.#run(), {
      everyMs: parts.intervalMs ?? INTERVAL_MS,
      onTrouble: (err, trouble) =>
        parts.log.warn({ err }, `Lightning rewards are seen to again in a moment: ${trouble}`),
    });
  }

  /** Makes invoices that were asked for, and closes epochs that are due. Never rejects. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #run(): Promise<void> {
    await this.#makeInvoices();
    await this.#closeEpochs();
  }

  async #makeInvoices(): Promise<void> {
    const { engine, backend, pools, log } = this.#parts;
    for (const { request, poolId, sats, memo } of await engine.store.call('wantedRewardInvoices', BATCH)) {
      const refuse = (trouble: string) => engine.store.call('rewardInvoiceFailed', { request, trouble });
      if (!pools.some((pool) => pool.lightning && toHex(pool.poolId) === toHex(poolId))) {
        await refuse(`[[pool]] ${toHex(poolId)} has not rewards = "lightning"`);
        continue;
      }
      const quote = quoteIdText(newQuoteId(Date.now(), randomBytes(QUOTE_ID_RANDOM_BYTES)));
      try {
        const wanted = { quote, amount: sats, description: memo, seconds: INVOICE_SECONDS };
        const made = await backend.createRequest(wanted);
        faultPoint('reward-requested');
        const { request: invoice, lookup, expiry } = made;
        await engine.store.call('addRewardInvoice', { request, poolId, invoice, lookup, expiry });
        await backend.requestStored?.(lookup);
        log.info({ pool: toHex(poolId), sats, request }, 'an invoice for a reward was made');
      } catch (error) {
        await refuse(messageOf(error));
        throw error;
      }
    }
  }

  async #closeEpochs(): Promise<void> {
    const { engine, pools, terms } = this.#parts;
    const tip = this.#parts.tip();
    if (!tip || tip.isSyncing) return;
    const hashLe = reversed(fromHex(tip.hashBe));
    for (const pool of pools) {
      const { poolId, lightning } = pool;
      const open = engine.epochs.current(poolId);
      if (!lightning || !open || tip.height < open.openedHeight + lightning.periodBlocks) continue;
      if ((await engine.store.call('rewardsReceived', poolId)) < lightning.minimum) continue;
      const keyset = await engine.epochs.keysetOf(poolId, tip.height);
      const at = { poolId, height: tip.height, hashLe, ...lightning };
      const closed = await engine.store.call('closeByTip', { ...at, terms: terms(pool), keyset });
      faultPoint('reward-closed');
      if (closed) await this.#tell(closed);
    }
  }

  async #tell({ unit, price }: Epoch): Promise<void> {
    const { engine, log } = this.#parts;
    await engine.epochs.changed();
    engine.quotesChanged();
    const { rewardSats: reward, payableSats, work } = price ?? { rewardSats: 0n, payableSats: 0n, work: 0n };
    log.info(
      { unit, reward },
      `${unit} can be redeemed: ${payableSats} sats for ${work} ehash, paid over Lightning`,
    );
  }
}

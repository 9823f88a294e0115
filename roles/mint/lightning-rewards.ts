import { randomBytes } from 'node:crypto';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { newQuoteId, QUOTE_ID_RANDOM_BYTES, quoteIdText } from '../../protocols/cashu/quote-id.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { eachOnItsOwn } from '../../runtime/each-own.ts';
import { faultPoint } from '../../runtime/fault-point.ts';
import type { Logger } from '../../runtime/logs.ts';
import { Rounds } from '../../runtime/rounds.ts';
import type { Tip } from './chain/chain-view.ts';
import type { Engine } from './engine.ts';
import type { PaymentBackend } from './payments/backend.ts';
import type { Pool } from './pools.ts';
import type { Epoch, EpochTerms } from './store/epochs.ts';
import type { RewardRequest } from './store/lightning-rewards.ts';

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
  /** The last request that was tried: those that were refused before have their turn behind it. */
  #tried = 0;

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
    // Closings need no node, and wait for none.
    await eachOnItsOwn([() => this.#closeEpochs(), () => this.#makeInvoices()], (part) => part());
  }

  async #makeInvoices(): Promise<void> {
    const { store } = this.#parts.engine;
    const wanted = await store.call('wantedRewardInvoices', { after: this.#tried, limit: BATCH });
    await eachOnItsOwn(wanted, async (each) => {
      this.#tried = each.request;
      try {
        await this.#makeInvoice(each);
      } catch (error) {
        await store.call('rewardInvoiceFailed', { request: each.request, trouble: messageOf(error) });
        throw error;
      }
    });
  }

  async #makeInvoice({ request, poolId, sats, memo }: RewardRequest): Promise<void> {
    const { engine, backend, pools, log } = this.#parts;
    const pool = toHex(poolId);
    if (!pools.some((each) => each.lightning && toHex(each.poolId) === pool))
      throw new HashpoolError('no-lightning-rewards', `[[pool]] ${pool} has not rewards = "lightning"`);
    const quote = quoteIdText(newQuoteId(Date.now(), randomBytes(QUOTE_ID_RANDOM_BYTES)));
    const wanted = { quote, amount: sats, description: memo, seconds: INVOICE_SECONDS };
    const { request: invoice, lookup, expiry } = await backend.createRequest(wanted);
    faultPoint('reward-requested');
    await engine.store.call('addRewardInvoice', { request, poolId, invoice, lookup, expiry });
    await backend.requestStored?.(lookup);
    log.info({ pool, sats, request }, 'an invoice for a reward was made');
  }

  async #closeEpochs(): Promise<void> {
    const { pools } = this.#parts;
    const tip = this.#parts.tip();
    if (tip && !tip.isSyncing) await eachOnItsOwn(pools, (pool) => this.#closeEpoch(pool, tip));
  }

  async #closeEpoch(pool: LightningRewardParts['pools'][number], tip: Tip): Promise<void> {
    const { engine, terms } = this.#parts;
    const { poolId, lightning } = pool;
    const open = engine.epochs.current(poolId);
    if (!lightning || !open || tip.height < open.openedHeight + lightning.periodBlocks) return;
    if ((await engine.store.call('rewardsReceived', poolId)) < lightning.minimum) return;
    const keyset = await engine.epochs.keysetOf(poolId, tip.height);
    const hashLe = reversed(fromHex(tip.hashBe));
    const at = { poolId, height: tip.height, hashLe, ...lightning };
    const closed = await engine.store.call('closeByTip', { ...at, terms: terms(pool), keyset });
    faultPoint('reward-closed');
    if (closed) await this.#tell(closed);
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

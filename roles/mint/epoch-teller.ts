import { dustSats } from '../../domain/epochs/price.ts';
import { COINBASE_MATURITY, windowOf } from '../../domain/epochs/redemption-window.ts';
import { EPOCH_STATES, type EpochState, type StatsMessageOf } from '../../protocols/stats/messages.ts';
import type { Engine } from './engine.ts';
import { stateOf } from './epoch-state.ts';
import type { Epoch, EpochWork } from './store/epochs.ts';
import type { LatestEpoch } from './store/latest-epochs.ts';

/** Epochs that statistics are told of: the latest ones. */
const MOST_TOLD = 500;

export interface EpochTellerParts {
  readonly engine: Pick<Engine, 'store'>;
  /** The height up to which the chain is followed, undefined while it is not. */
  readonly height: () => number | undefined;
  /** Confirmations that make a boundary final. */
  readonly confirmations: number;
  readonly send: (message: StatsMessageOf<'EpochState'>) => void;
  /** Unix ms. */
  readonly clock: () => number;
}

/** What was told of an epoch, and after how many redemptions its quotes were added up. */
interface Told {
  readonly key: string;
  readonly redemptions: number;
  readonly work: EpochWork;
}

/** Tells the stats service how each of the latest epochs stands, whenever that has changed. */
export class EpochTeller {
  readonly #parts: EpochTellerParts;
  /** By unit. */
  #told = new Map<string, Told>();

  constructor(parts: EpochTellerParts) {
    this.#parts = parts;
  }

  /** Looks at all of them once. @throws the store's errors */
  async tell(): Promise<void> {
    const { engine, send, clock, height } = this.#parts;
    const latest = await engine.store.call('latestEpochs', MOST_TOLD);
    const told = new Map<string, Told>();
    // The oldest first: a service has room for so many, and keeps those that it heard of last.
    for (const each of latest.toReversed()) {
      const { unit } = each.epoch;
      const before = this.#told.get(unit);
      const work = await this.#workOf(each, before);
      const state = this.#stateOf(each, work, height());
      const key = Object.values(state).join();
      if (key !== before?.key) send({ ...state, at: BigInt(clock()) });
      told.set(unit, { key, redemptions: each.redeemed.n, work });
    }
    this.#told = told;
  }

  /** Once an epoch has its price only redemptions of unminted quotes change the sums of its quotes. */
  async #workOf({ epoch, redeemed }: LatestEpoch, before: Told | undefined): Promise<EpochWork> {
    if (before && epoch.price && before.redemptions === redeemed.n) return before.work;
    return this.#parts.engine.store.call('epochWork', epoch.epoch);
  }

  #stateOf(
    { epoch, redeemed }: LatestEpoch,
    { quotes, work, issued }: EpochWork,
    tip: number | undefined,
  ): StatsMessageOf<'EpochState'> {
    const { unit, openedHeight, closing, gifts, price, feePpm, minimumDifficulty } = epoch;
    const state = stateOf(epoch, tip);
    const window = windowOf(epoch);
    const out = issued - (redeemed.ehash - redeemed.autoEhash);
    return {
      name: 'EpochState',
      at: 0n,
      unit,
      state: EPOCH_STATES.indexOf(state),
      opened_height: openedHeight,
      closed_height: closing?.height ?? 0,
      due_height: dueHeight(epoch, state, this.#parts.confirmations),
      redeemable_height: window?.fromHeight ?? 0,
      end_height: window?.untilHeight ?? 0,
      fee_ppm: feePpm,
      minimum_difficulty: minimumDifficulty,
      quotes: BigInt(quotes),
      work: price?.work ?? work,
      issued,
      outstanding: out > 0n ? out : 0n,
      gifts_sat: gifts,
      reward_sat: price?.rewardSats ?? (closing?.reward ?? 0n) + gifts,
      is_priced: price ? 1 : 0,
      payable_sat: price?.payableSats ?? 0n,
      redeemed: redeemed.ehash,
      redeemed_sat: redeemed.sats,
      dust_sat: price ? dustSats(price, redeemed.ehash, redeemed.sats) : 0n,
      auto_paid: redeemed.autoEhash,
      auto_paid_sat: redeemed.autoSats,
    };
  }
}

/** The height of the chain at which an epoch is to leave its state; 0 where a block of the pool decides, or nothing. */
function dueHeight({ openedHeight, closing }: Epoch, state: EpochState, confirmations: number): number {
  if (state === 'unproven' || state === 'provisional') return openedHeight + confirmations - 1;
  return state === 'maturing' && closing ? closing.height + COINBASE_MATURITY : 0;
}

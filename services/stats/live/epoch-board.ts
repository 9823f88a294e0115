import { EPOCH_STATES, type StatsMessageOf } from '../../../protocols/stats/messages.ts';
import type { Epoch, Epochs } from '../api/schemas/epochs.ts';
import type { EventLog } from './events.ts';

/** Epochs that are kept: those that the mint told of last. */
export const MAX_EPOCHS = 1_000;
const PPM = 1_000_000n;
const UNIT = /^hash_([0-9a-f]{66})_\d+$/;

/** What the mint tells of an epoch; what the chain's height makes of it comes with the answer. */
export type ToldEpoch = Omit<Epoch, 'due_at' | 'overdue_blocks'>;

/** What is worth an event, in words, and how grave it is. */
const NEWS: Readonly<Partial<Record<Epoch['state'], readonly ['info' | 'warning' | 'critical', string]>>> = {
  unproven: ['info', 'waits for the share of the block that opened it'],
  open: ['info', 'is open: its ehash can be minted'],
  maturing: ['info', 'is closed, and its reward matures'],
  redeemable: ['info', 'can be redeemed'],
  expired: ['info', 'can be redeemed no more'],
  dissolved: ['warning', 'is dissolved: the chain has left the block that opened it'],
  stranded: ['critical', 'is stranded: nothing of its pool is minted until it is merged'],
  merged: ['warning', 'shares the reward of another epoch'],
};

/** How the epochs stand, as the mint tells. */
export class EpochBoard {
  readonly #events: EventLog;
  readonly #epochs = new Map<string, ToldEpoch>();
  #sats: Epochs['sats'] = null;
  #reports: Epochs['reports'] = null;

  constructor(events: EventLog) {
    this.#events = events;
  }

  /** The newest first. */
  get all(): ToldEpoch[] {
    return [...this.#epochs.values()].toSorted((a, b) => b.opened_height - a.opened_height);
  }

  /** The mint's books of sats, as it compared them last. */
  get sats(): Epochs['sats'] {
    return this.#sats;
  }

  /** The mint's reports of its books, as it told of them last. */
  get reports(): Epochs['reports'] {
    return this.#reports;
  }

  epoch(message: StatsMessageOf<'EpochState'>): void {
    const epoch = epochOf(message);
    const before = this.#epochs.get(epoch.unit);
    this.#epochs.delete(epoch.unit);
    this.#epochs.set(epoch.unit, epoch);
    for (const unit of this.#epochs.keys()) {
      if (this.#epochs.size <= MAX_EPOCHS) break;
      this.#epochs.delete(unit);
    }
    if (before) this.#tell(before, epoch);
  }

  standing(message: StatsMessageOf<'SatSums'>): void {
    this.#sats = {
      as_of: Number(message.at),
      reserve_sat: message.is_reserve_known === 1 ? String(message.reserve_sat) : null,
      owed_sat: String(message.owed_sat),
      owed_ehash_sat: String(message.owed_ehash),
      fees_sat: String(message.fees_sat),
      dust_sat: String(message.dust_sat),
      expired_sat: String(message.expired_sat),
      carried_sat: String(message.carried_sat),
      coinbase_balances: message.coinbase_balances,
      coinbase_sat: String(message.coinbase_sat),
    };
  }

  reported(message: StatsMessageOf<'ReportSums'>): void {
    const { at, number, height, due, failed, samples_due, proven_sat } = message;
    const last = number === 0 ? null : { number, height, proven_sat: String(proven_sat) };
    this.#reports = { as_of: Number(at), last, due, failed: Number(failed), samples_due };
  }

  #tell(before: ToldEpoch, { unit, state, opened_height, gifts_sat }: ToldEpoch): void {
    const subject = { subject: unit };
    const gift = BigInt(gifts_sat) - BigInt(before.gifts_sat);
    if (gift > 0n) {
      const text = `a block that is none of the pool’s gave ${gift} sat to epoch ${opened_height}`;
      this.#events.add({ ...subject, kind: 'epoch-gift', severity: 'warning', text });
    }
    const news = NEWS[state];
    if (!news || state === before.state) return;
    const [severity, words] = news;
    this.#events.add({
      ...subject,
      kind: `epoch-${state}`,
      severity,
      text: `epoch ${opened_height} ${words}`,
    });
  }
}

function epochOf(message: StatsMessageOf<'EpochState'>): ToldEpoch {
  const { unit, fee_ppm, work, reward_sat, payable_sat, redeemed_sat, auto_paid_sat, dust_sat } = message;
  const state = EPOCH_STATES[message.state] ?? 'unproven';
  const isPriced = message.is_priced === 1;
  const isClosed = message.closed_height > 0;
  const fee = (reward_sat * BigInt(fee_ppm)) / PPM;
  const price = { payable_sat: String(isPriced ? payable_sat : reward_sat - fee), work: String(work) };
  const height = (value: number) => (value === 0 ? null : value);
  return {
    unit,
    pool: UNIT.exec(unit)?.[1] ?? '',
    state,
    as_of: Number(message.at),
    opened_height: message.opened_height,
    closed_height: height(message.closed_height),
    due_height: height(message.due_height),
    redeemable_from: height(message.redeemable_height),
    redeemable_before: height(message.end_height),
    fee_ppm,
    minimum_difficulty: message.minimum_difficulty,
    quotes: String(message.quotes),
    work: String(work),
    issued: String(message.issued),
    outstanding: String(message.outstanding),
    gifts_sat: String(message.gifts_sat),
    reward_sat: String(reward_sat),
    price: isClosed ? { ...price, is_fixed: isPriced } : null,
    redeemed: String(message.redeemed - message.auto_paid),
    redeemed_sat: String(redeemed_sat - auto_paid_sat),
    auto_paid: String(message.auto_paid),
    auto_paid_sat: String(auto_paid_sat),
    owed_sat: String(isPriced && state !== 'expired' ? payable_sat - redeemed_sat - dust_sat : 0n),
    dust_sat: String(dust_sat),
  };
}

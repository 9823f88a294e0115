import { addWork, NO_WORK, type Work } from '../../../../domain/stats/hashrate.ts';
import type { KnownMiner } from '../../live/known-miners.ts';
import type { MinerSums, Window } from '../../store/reads.ts';
import type { ApiContext } from '../context.ts';
import type { Miner } from '../schemas/miners.ts';
import { hashrateOf } from '../windows.ts';

const HOUR = 3600;
const DAY = 86_400;
const TEN_MINUTES = 600;
/** Sums of all miners are read so often at most, however many ask. */
const KEPT_MS = 5_000;

/** What a miner did within a window. */
type WindowSums = Omit<MinerSums, 'steps'>;

/** What each miner did within a window; read once for all who ask at about the same time. */
export class MinerWindows {
  readonly #context: ApiContext;
  readonly #kept = new Map<number, { at: number; sums: Promise<Map<number, WindowSums>> }>();

  constructor(context: ApiContext) {
    this.#context = context;
  }

  /** By miner's number. */
  sums(hours: number): Promise<Map<number, WindowSums>> {
    const now = this.#context.clock();
    for (const [each, { at }] of this.#kept) if (now - at >= KEPT_MS) this.#kept.delete(each);
    const known = this.#kept.get(hours);
    if (known) return known.sums;
    const sums = this.#read(hours, now);
    this.#kept.set(hours, { at: now, sums });
    return sums;
  }

  async #read(hours: number, now: number): Promise<Map<number, WindowSums>> {
    const { store } = this.#context;
    const windows = windowsOf(hours, Math.floor(now / 1000) + 1);
    const sums = new Map<number, WindowSums>();
    for (const rows of await Promise.all(windows.map((window) => store.call('miners', window)))) {
      for (const row of rows) {
        const { minerId } = row;
        const before = sums.get(minerId);
        const rejected = row.rejected + (before?.rejected ?? 0);
        sums.set(minerId, before ? { minerId, rejected, ...addWork(before, row) } : row);
      }
    }
    return sums;
  }
}

/**
 * The rows that a window of so many hours is summed from, all miners' at once: an hour from minutes, more from hours, and of
 * those whole days at a time. @param to Unix seconds
 */
function windowsOf(hours: number, to: number): Window[] {
  const floor = (at: number, step: number) => at - (at % step);
  if (hours === 1) return [{ step: 60, from: floor(to - HOUR, 60), to }];
  const from = floor(to - hours * HOUR, HOUR);
  const day = Math.ceil(from / DAY) * DAY;
  if (day >= to) return [{ step: HOUR, from, to }];
  return [
    { step: HOUR, from, to: day },
    { step: DAY, from: day, to },
  ];
}

/** A miner as the API shows it. @param sums of its window; none where it had no share */
export function minerView(
  context: ApiContext,
  miner: KnownMiner,
  sums: WindowSums | undefined,
  hours: number,
): Miner {
  const { names, clock } = context;
  const now = clock();
  const work: Work = sums ?? NO_WORK;
  const recent = miner.recent.sum(now);
  const known = Math.min(hours * HOUR, Math.max(1, (now - miner.firstSeen) / 1000));
  return {
    id: miner.id,
    name: names.name(miner),
    redacted: names.redacted,
    state: miner.state,
    state_since: miner.stateSince,
    workers: miner.workers,
    software: miner.software,
    address: miner.workers === 0 ? null : names.address(miner.address),
    difficulty_bits: miner.difficulty ?? null,
    first_seen: miner.firstSeen,
    last_seen: miner.lastSeen,
    last_share_at: miner.lastShareAt ?? null,
    hashrate: hashrateOf(work, known, hours * HOUR),
    hashrate_10m: hashrateOf(
      addWork(recent, NO_WORK),
      Math.min(recent.seconds, Math.max(1, (now - miner.firstSeen) / 1000)),
      TEN_MINUTES,
    ),
    day_mean_hs: miner.dayMean ?? null,
    accepted: work.shares,
    rejected: sums?.rejected ?? 0,
    best_work: miner.bestWork === undefined ? null : String(miner.bestWork),
  };
}

import { fieldText } from '../../../protocols/stats/messages.ts';
import type { StatsEvent } from '../api/schemas/events.ts';

/** Events that are at hand; the store has more. */
export const RECENT_EVENTS = 500;
/** Of one kind in a minute: who connects without end does not push all else out. */
const PER_MINUTE = 60;

export type EventDraft = Omit<StatsEvent, 'id' | 'at' | 'miner_id'> & { readonly miner_id?: number };

/** What happened, for people: bounded, each told to whoever listens. */
export class EventLog {
  readonly #recent: StatsEvent[] = [];
  readonly #listeners: ((event: StatsEvent) => void)[] = [];
  readonly #perKind = new Map<string, { minute: number; count: number }>();
  readonly #clock: () => number;
  #lastId: number;

  /** @param lastId of the newest event that is stored; @param clock Unix ms */
  constructor(stored: readonly StatsEvent[], clock: () => number) {
    this.#recent.push(...stored.toReversed());
    this.#lastId = this.#recent.at(-1)?.id ?? 0;
    this.#clock = clock;
  }

  /** The newest first. */
  get newest(): StatsEvent[] {
    return this.#recent.toReversed();
  }

  listen(listener: (event: StatsEvent) => void): void {
    this.#listeners.push(listener);
  }

  add(draft: EventDraft): void {
    const at = this.#clock();
    if (draft.severity === 'info' && this.#isTooMany(draft.kind, at)) return;
    this.#lastId++;
    const { miner_id = null, ...rest } = draft;
    const event = { id: this.#lastId, at, ...rest, text: fieldText(draft.text), miner_id };
    this.#recent.push(event);
    if (this.#recent.length > RECENT_EVENTS) this.#recent.shift();
    for (const listener of this.#listeners) listener(event);
  }

  #isTooMany(kind: string, at: number): boolean {
    const minute = Math.floor(at / 60_000);
    const seen = this.#perKind.get(kind);
    const count = seen?.minute === minute ? seen.count + 1 : 1;
    this.#perKind.set(kind, { minute, count });
    return count > PER_MINUTE;
  }
}

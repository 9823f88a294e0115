import type { MintEvents } from '../events.ts';
import { proofId, quoteKind, type SubscriptionKind } from './kinds.ts';
import { Topic } from './topic.ts';

/** All that wallets can watch, kept up to date by the mint's events. */
export class Subscriptions {
  readonly #topics: ReadonlyMap<string, Topic>;
  readonly #ends: readonly (() => void)[];

  /** @param onError is told of reads that failed */
  constructor(kinds: readonly SubscriptionKind[], events: MintEvents, onError: (error: unknown) => void) {
    this.#topics = new Map(kinds.map((kind) => [kind.name, new Topic(kind, onError)]));
    this.#ends = [
      events.on('quote-changed', ({ kind, method, quote }) => {
        this.topic(quoteKind(kind, method))?.changed(quote);
      }),
      events.on('proofs-changed', ({ ys }) => {
        for (const y of ys) this.topic('proof_state')?.changed(proofId(y));
      }),
      // An epoch may be final by it; and other processes may have changed things that were not told here.
      events.on('keysets-changed', () => {
        for (const topic of this.#topics.values()) topic.changed();
      }),
    ];
  }

  get kinds(): readonly string[] {
    return [...this.#topics.keys()];
  }

  topic(kind: string): Topic | undefined {
    return this.#topics.get(kind);
  }

  close(): void {
    for (const end of this.#ends) end();
    for (const topic of this.#topics.values()) topic.close();
  }
}

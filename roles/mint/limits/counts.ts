import type { Client } from './limits.ts';

/** How many of something each client has, as long as it has any. */
export class Counts {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns what takes them back, or undefined where the client would have too many */
  enter(client: Client, amount = 1): (() => void) | undefined {
    if (client === undefined) return () => undefined;
    const count = (this.#counts.get(client) ?? 0) + amount;
    if (count > this.#max) return undefined;
    this.#counts.set(client, count);
    return () => this.#leave(client, amount);
  }

  #leave(client: string, amount: number): void {
    const count = (this.#counts.get(client) ?? 0) - amount;
    if (count > 0) this.#counts.set(client, count);
    else this.#counts.delete(client);
  }
}

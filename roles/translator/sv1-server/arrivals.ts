import { clientAddress } from '../../../runtime/client-address.ts';
import { type Rate, TokenBucket, TokenBuckets } from '../../../runtime/token-buckets.ts';

/** What miners may take of the server. */
export interface ArrivalLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Bytes that may come in by one connection, and from one address; without a limit where it is left out. */
  readonly rates?: { readonly connection: Rate; readonly address: Rate };
}

/** One connection that was let in. */
export interface Arrival {
  /** Takes note of bytes that came. @returns what is wrong with so many, undefined where they are few enough */
  came(bytes: number): string | undefined;
  /** The connection is gone. */
  left(): void;
}

/** Counts connections and what they send, all together and by address: a farm behind one, or a network of IPv6. */
export class Arrivals {
  readonly #limits: ArrivalLimits;
  readonly #now: () => number;
  readonly #perAddress = new Map<string, number>();
  readonly #addressRates: TokenBuckets | undefined;
  #count = 0;

  /** @param now milliseconds; only differences count */
  constructor(limits: ArrivalLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#addressRates = limits.rates && new TokenBuckets(limits.rates.address, now);
  }

  get count(): number {
    return this.#count;
  }

  /** @returns words for why it may not come in */
  admit(remoteAddress: string | undefined): Arrival | string {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const address = clientAddress(remoteAddress);
    const fromAddress = this.#perAddress.get(address) ?? 0;
    if (this.#count >= maxConnections) return `all ${maxConnections} connections are taken`;
    if (fromAddress >= maxConnectionsPerAddress)
      return `${address} has its ${maxConnectionsPerAddress} connections already`;
    this.#count++;
    this.#perAddress.set(address, fromAddress + 1);
    return { came: this.#meter(address), left: () => this.#leave(address) };
  }

  #meter(address: string): Arrival['came'] {
    const { rates } = this.#limits;
    if (rates === undefined) return () => undefined;
    const own = new TokenBucket(rates.connection, this.#now());
    const ofAddress = this.#addressRates?.of(address);
    return (bytes) => {
      const now = this.#now();
      if (own.take(bytes, now) > 0) return 'it floods: too many bytes by one connection';
      if (ofAddress !== undefined && ofAddress.take(bytes, now) > 0) return `too many bytes from ${address}`;
      return undefined;
    };
  }

  #leave(address: string): void {
    this.#count--;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { AddressSet } from '../../../runtime/address-set.ts';
import { clientAddress } from '../../../runtime/client-address.ts';
import { TokenBuckets } from '../../../runtime/token-buckets.ts';
import { forwardedAddress } from './addresses.ts';
import type { LimitsConfig } from './config.ts';

/** What a request is, as far as its cost goes. */
export type RequestClass = 'reads' | 'writes' | 'quotes' | 'lookups';

/** A bucket holds what comes in so many seconds. */
const BURST_SECONDS = 60;

/** What a token costs where it is only read, in tokens that are signed or verified. */
const READ_COST = 0.1;

/** Who a client is to the limits: undefined for one that has none. */
export type Client = string | undefined;

/** Keeps each client to its share, in memory that does not grow with their number. */
export class Limits {
  readonly #trusted: AddressSet;
  readonly #unlimited: AddressSet;
  readonly #requests: Readonly<Record<RequestClass, TokenBuckets>>;
  readonly #tokens: TokenBuckets;
  /** WebSockets for each client. */
  readonly websockets: number;

  /** @param clock monotonic milliseconds */
  constructor(config: LimitsConfig, clock: () => number) {
    const buckets = (perSecond: number) =>
      new TokenBuckets({ perSecond, burst: perSecond * BURST_SECONDS }, clock);
    this.#trusted = new AddressSet(config.trusted_proxies);
    this.#unlimited = new AddressSet(config.unlimited);
    this.#requests = {
      reads: buckets(config.reads_per_second),
      writes: buckets(config.writes_per_second),
      quotes: buckets(config.quotes_per_second),
      lookups: buckets(config.lookups_per_second),
    };
    this.#tokens = buckets(config.tokens_per_second);
    this.websockets = config.websockets;
  }

  /** Who sent a request. */
  clientOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): Client {
    const forwarded = headers['x-forwarded-for'];
    const header = Array.isArray(forwarded) ? forwarded.join(',') : forwarded;
    const address = forwardedAddress(socket.remoteAddress ?? '', header, this.#trusted);
    return this.#unlimited.has(address) ? undefined : clientAddress(address);
  }

  /** Who opened a connection; a proxy opens them for others. */
  connectionOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): Client {
    const address = forwardedAddress(remoteAddress, undefined, this.#trusted);
    return this.#trusted.has(address) || this.#unlimited.has(address) ? undefined : clientAddress(address);
  }

  /** @returns 0 where a request may go on, else the milliseconds to wait */
  request(client: Client, kind: RequestClass): number {
    return client === undefined ? 0 : this.#requests[kind].take(client, 1);
  }

  /** The same, for what a request of `count` tokens asks of curve and store. */
  tokens(client: Client, kind: RequestClass, count: number): number {
    if (client === undefined) return 0;
    return this.#tokens.take(client, kind === 'reads' ? count * READ_COST : count);
  }
}

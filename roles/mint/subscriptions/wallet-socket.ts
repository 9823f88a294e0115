import { isHashpoolError } from '../../../protocols/errors.ts';
import {
  errorText,
  MAX_FILTERS,
  notificationText,
  type RpcId,
  readMessage,
  requestOf,
  resultText,
  rpcError,
  type Subscribe,
} from './json-rpc.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Subscriptions on one connection. */
export const MAX_SUBSCRIPTIONS = 100;
/** A reader that lets this much gather is cut. */
export const MAX_UNSENT_BYTES = 1 << 20;

/** What is used of a WebSocket. */
export interface Wire {
  readonly bufferedAmount: number;
  send(text: string): void;
  terminate(): void;
}

/** What a connection takes from what all have together. */
export interface Share {
  /** @returns what gives them back, or undefined where there is no room for so many filters */
  filters(count: number): (() => void) | undefined;
}

interface Subscription {
  readonly filters: number;
  end(): void;
}

/** One wallet's connection: its requests, its subscriptions, and what it may cost. */
export class WalletSocket {
  readonly #wire: Wire;
  readonly #subscriptions: Subscriptions;
  readonly #share: Share;
  readonly #open = new Map<string, Subscription>();
  #filters = 0;

  constructor(wire: Wire, subscriptions: Subscriptions, share: Share) {
    this.#wire = wire;
    this.#subscriptions = subscriptions;
    this.#share = share;
  }

  /** Answers one message, whatever it is. */
  receive(text: string): void {
    let id: RpcId = null;
    try {
      const message = readMessage(text);
      id = message.id;
      const { method, params } = requestOf(message);
      if (method === 'subscribe') this.#subscribe(id, params);
      else this.#unsubscribe(id, params.subId);
    } catch (error) {
      const answer = isHashpoolError(error) ? errorText(id, error) : undefined;
      if (answer === undefined) throw error;
      this.#send(answer);
    }
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const { end } of this.#open.values()) end();
    this.#open.clear();
  }

  /** All is counted before anything is read: a refused subscription costs the mint its message and nothing else. */
  #subscribe(id: RpcId, { kind, subId, filters }: Subscribe): void {
    const topic = this.#subscriptions.topic(kind);
    if (!topic) {
      throw rpcError('rpc-params', `kind is ${kind}; this mint has ${this.#subscriptions.kinds.join(', ')}`);
    }
    const ids = [...new Set(filters.map((filter) => topic.kind.idOf(filter) ?? badFilter(filter, kind)))];
    const giveBack = this.#take(subId, ids.length);
    this.#send(resultText(id, subId));
    const ends = ids.map((each) =>
      topic.watch(each, (payload) => this.#send(notificationText(subId, payload))),
    );
    const end = () => {
      for (const stop of ends) stop();
      giveBack();
    };
    this.#open.set(subId, { filters: ids.length, end });
    this.#filters += ids.length;
  }

  #take(subId: string, count: number): () => void {
    if (this.#open.has(subId))
      throw rpcError('rpc-params', `subId ${subId} is subscribed already; take another`);
    if (this.#open.size >= MAX_SUBSCRIPTIONS) {
      throw rpcError(
        'rpc-limit',
        `at most ${MAX_SUBSCRIPTIONS} subscriptions on a connection; unsubscribe first`,
      );
    }
    if (this.#filters + count > MAX_FILTERS) {
      throw rpcError('rpc-limit', `at most ${MAX_FILTERS} filters on a connection; unsubscribe first`);
    }
    const giveBack = this.#share.filters(count);
    if (giveBack) return giveBack;
    throw rpcError('rpc-limit', 'too much is watched already; poll, or try again later');
  }

  #unsubscribe(id: RpcId, subId: string): void {
    const subscription = this.#open.get(subId);
    if (!subscription) throw rpcError('rpc-params', `subId ${subId} is not subscribed`);
    subscription.end();
    this.#open.delete(subId);
    this.#filters -= subscription.filters;
    this.#send(resultText(id, subId));
  }

  #send(text: string): void {
    if (this.#wire.bufferedAmount > MAX_UNSENT_BYTES) this.#wire.terminate();
    else this.#wire.send(text);
  }
}

function badFilter(filter: string, kind: string): never {
  throw rpcError('rpc-params', `filters has ${JSON.stringify(filter)}, which names no ${kind}`);
}

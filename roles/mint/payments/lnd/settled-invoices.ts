import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../../../protocols/bytes.ts';
import { HashpoolError, messageOf } from '../../../../protocols/errors.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import type { IncomingPayment, Received } from '../backend.ts';
import { bigintOf, type LndObject, type LndRest, objectOf, textOf } from './rest.ts';

/** Payments that may wait for the mint to store them; beyond, the node keeps them. */
const MAX_WAITING = 10_000;
const PAGE = 500;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

interface Settled {
  readonly index: bigint;
  readonly payment: IncomingPayment;
}

/**
 * Invoices that were paid, in the order in which lnd numbers their settlement. It streams those after a number, but
 * has no such stream from the very beginning: before the first one they are looked for in its list.
 */
export class SettledInvoices {
  readonly #rest: Pick<LndRest, 'call' | 'stream'>;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #waiting: Settled[] = [];
  /** The highest number that is waiting or was taken; undefined before the mint has said where it stands. */
  #last: bigint | undefined;
  #stream = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #listener: () => void = () => undefined;

  constructor(rest: Pick<LndRest, 'call' | 'stream'>, log: Logger) {
    this.#rest = rest;
    this.#log = log;
  }

  onSettled(listener: () => void): void {
    this.#listener = listener;
  }

  /** As `received` of the backend; `position` is the number of the last settlement. */
  async take(after: string | undefined, limit: number): Promise<Received> {
    const start = BigInt(after ?? '0');
    if (this.#last === undefined) this.#begin(start);
    if (this.#last === 0n) {
      if (start === 0n) await this.#readList();
      else this.#goOnFrom(start);
    }
    this.#waiting = this.#waiting.filter(({ index }) => index > start);
    const taken = this.#waiting.slice(0, limit);
    return {
      payments: taken.map(({ payment }) => payment),
      position: String(taken.at(-1)?.index ?? start),
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  #begin(start: bigint): void {
    this.#last = start;
    this.#following = this.#follow();
  }

  async #follow(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#stop.signal.aborted; ) {
      this.#stream = new AbortController();
      const signal = AbortSignal.any([this.#stop.signal, this.#stream.signal]);
      try {
        for await (const invoice of this.#rest.stream('GET', this.#path(), signal)) {
          pause = FIRST_PAUSE_MS;
          this.#hear(invoice);
          if (this.#waiting.length >= MAX_WAITING) break;
        }
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (this.#stream.signal.aborted) continue;
        this.#log.warn({ err: error }, `lnd's payments are not heard of: ${messageOf(error)}`);
      }
      await delay(pause, undefined, { signal: this.#stop.signal }).catch(ignoreAbort);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }

  #path(): string {
    return `/v1/invoices/subscribe?settle_index=${this.#last}`;
  }

  /** A stream that was opened at 0 leaves out what came before it: it only says that the list is worth reading. */
  #hear(invoice: LndObject): void {
    if (invoice['state'] !== 'SETTLED') return;
    if (this.#last !== 0n) this.#add(settledOf(invoice));
    this.#listener();
  }

  #add(settled: Settled): void {
    if (this.#last !== undefined && settled.index <= this.#last) return;
    this.#waiting.push(settled);
    this.#last = settled.index;
  }

  /** Another process of the mint has taken the very first ones. */
  #goOnFrom(start: bigint): void {
    this.#last = start;
    this.#stream.abort();
  }

  /** A page is older than the next one: only what was settled before the second reading began is surely in it. */
  async #readList(): Promise<void> {
    const last = (await this.#listed()).reduce((most, { index }) => (index > most ? index : most), 0n);
    if (last === 0n) return;
    const found = (await this.#listed()).filter(({ index }) => index <= last);
    found.sort((a, b) => (a.index < b.index ? -1 : 1));
    for (const settled of found) this.#add(settled);
    // What the stream said meanwhile may be missing from the list.
    this.#stream.abort();
  }

  async #listed(): Promise<Settled[]> {
    const found: Settled[] = [];
    for (let offset = 0n; ; ) {
      const page = await this.#rest.call(
        'GET',
        `/v1/invoices?index_offset=${offset}&num_max_invoices=${PAGE}`,
      );
      const invoices = listOf(page['invoices']);
      found.push(...invoices.filter(({ state }) => state === 'SETTLED').map(settledOf));
      if (invoices.length < PAGE) return found;
      offset = bigintOf(page, 'last_index_offset');
    }
  }
}

function settledOf(invoice: LndObject): Settled {
  const hash = toHex(Buffer.from(textOf(invoice, 'r_hash'), 'base64'));
  return {
    index: bigintOf(invoice, 'settle_index'),
    payment: {
      id: hash,
      lookup: hash,
      amount: bigintOf(invoice, 'amt_paid_msat') / 1000n,
      seenAt: Number(bigintOf(invoice, 'settle_date')),
    },
  };
}

function listOf(value: unknown): LndObject[] {
  if (Array.isArray(value)) return value.map(objectOf);
  throw new HashpoolError('lnd-bad-answer', 'lnd answers invoices that are no list');
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}

import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { parseLine, type Sv1Message, type Sv1Response } from '../../../protocols/sv1/line.ts';
import { LineReader } from '../../../protocols/sv1/line-reader.ts';
import { requestLine } from '../../../protocols/sv1/messages.ts';

/** The upstream may take so long to accept the connection, and to answer what it must answer. */
export const PATIENCE_MS = 30_000;
/** Longest line taken: a job with a coinbase of many outputs. */
const MAX_LINE_BYTES = 256 * 1024;
/** Messages a minute that are not answers: jobs come every few seconds at most. */
const MAX_NOTES = 1200;
const MINUTE_MS = 60_000;
/** Longest words of an upstream that are repeated, in a log or a status. */
const MAX_WORDS = 200;

/** Where an upstream is. */
export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM of the authority that its certificate is checked by; undefined for those that Node knows. */
  readonly tlsCa: string | undefined;
}

/** How a request went. `cut`: the connection ended before it was answered. */
export type Answer =
  | { readonly kind: 'granted'; readonly result: unknown }
  | { readonly kind: 'refused'; readonly code: number | undefined; readonly words: string }
  | { readonly kind: 'cut'; readonly words: string };

/** Takes what the upstream says unasked; what it throws ends the connection. */
export type NoteHandler = (message: Exclude<Sv1Message, Sv1Response>) => void;

/** A client's connection to a Stratum V1 server: requests with their answers, notes, one end. */
export class Sv1Connection {
  /** Resolves with the reason once the connection is gone. */
  readonly closed: Promise<{ readonly reason: string }>;
  /** Told of every sign of life. */
  onHeard: () => void = () => undefined;
  readonly #socket: Socket;
  readonly #take: NoteHandler;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #nextId = 1;
  #notes = { count: 0, since: performance.now() };
  #reason = 'it closed the connection';
  #isClosed = false;

  constructor(socket: Socket, take: NoteHandler) {
    this.#socket = socket;
    this.#take = take;
    const reader = new LineReader(MAX_LINE_BYTES);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, PATIENCE_MS);
    socket.on('error', (error) => this.close(error.message));
    socket.on('data', (chunk) => {
      this.onHeard();
      try {
        reader.read(chunk, (line) => this.#read(line));
      } catch (error) {
        this.close(messageOf(error));
      }
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        for (const answer of this.#answers.values()) answer({ kind: 'cut', words: this.#reason });
        this.#answers.clear();
        resolve({ reason: this.#reason });
      });
    });
  }

  /** Resolves with the answer, or with the end of the connection, which an answer that stays out brings about. */
  async request(method: string, params: readonly unknown[]): Promise<Answer> {
    const words = `no answer to ${method} within ${PATIENCE_MS / 1000} s`;
    const impatience = setTimeout(() => this.close(words), PATIENCE_MS);
    const answer = await this.ask(method, params);
    clearTimeout(impatience);
    return answer;
  }

  /** Resolves with the answer, or with the end of the connection, whichever comes. */
  ask(method: string, params: readonly unknown[]): Promise<Answer> {
    if (this.#isClosed) return Promise.resolve({ kind: 'cut', words: this.#reason });
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#answers.set(this.#send(method, params), resolve);
    return promise;
  }

  /** Sends a request whose answer, if there is one, does not matter. */
  tell(method: string, params: readonly unknown[]): void {
    if (!this.#isClosed) this.#send(method, params);
  }

  /** Sends a line as it is. */
  write(line: string): void {
    if (!this.#isClosed) this.#socket.write(line);
  }

  close(reason = 'closed'): void {
    if (this.#socket.destroyed) return;
    this.#reason = reason;
    this.#socket.destroy();
  }

  #send(method: string, params: readonly unknown[]): number {
    const id = this.#nextId++;
    this.#socket.write(requestLine(id, method, params));
    return id;
  }

  #read(line: string): void {
    if (this.#socket.destroyed) return;
    const message = parseLine(line);
    if (message.kind === 'response') {
      this.#answer(message);
      return;
    }
    const now = performance.now();
    if (now - this.#notes.since > MINUTE_MS) this.#notes = { count: 0, since: now };
    if (++this.#notes.count > MAX_NOTES) {
      throw new HashpoolError('sv1-flood', `it sent more than ${MAX_NOTES} messages within a minute`);
    }
    this.#take(message);
  }

  #answer({ id, result, error }: Sv1Response): void {
    if (typeof id !== 'number') return;
    const answer = this.#answers.get(id);
    this.#answers.delete(id);
    if (error === null || error === undefined) {
      if (result === false) answer?.({ kind: 'refused', code: undefined, words: 'refused without a reason' });
      else answer?.({ kind: 'granted', result });
      return;
    }
    const [code, words]: unknown[] = Array.isArray(error) ? error : [undefined, JSON.stringify(error)];
    answer?.({ kind: 'refused', code: typeof code === 'number' ? code : undefined, words: inWords(words) });
  }
}

/** Words of an upstream as they may be repeated: no control characters, no more than a line. */
export function inWords(words: unknown): string {
  return String(words)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, MAX_WORDS);
}

/** @throws HashpoolError 'sv1-unreachable' */
export async function connectSv1(
  { host, port, tls, tlsCa }: UpstreamAddress,
  take: NoteHandler,
  signal: AbortSignal,
): Promise<Sv1Connection> {
  const socket = tls
    ? connectTls({
        host,
        port,
        ...(isIP(host) === 0 && { servername: host }),
        ...(tlsCa !== undefined && { ca: tlsCa }),
      })
    : connect({ host, port });
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    await once(socket, tls ? 'secureConnect' : 'connect', { signal: limit });
  } catch (cause) {
    socket.destroy();
    throw new HashpoolError('sv1-unreachable', `cannot connect to ${host}:${port}: ${messageOf(cause)}`, {
      cause,
    });
  }
  return new Sv1Connection(socket, take);
}

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { parseLine, type Sv1Response } from '../../protocols/sv1/line.ts';
import { LineReader } from '../../protocols/sv1/line-reader.ts';
import { requestLine } from '../../protocols/sv1/messages.ts';

/** A pool may take so long to accept the connection, and to answer a request. */
const PATIENCE_MS = 30_000;
/** Longest line taken from a pool: a job with a coinbase of many outputs. */
const MAX_POOL_LINE_BYTES = 256 * 1024;

/** What a pool answered. */
export type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly words: string };

/** A client's connection to an SV1 server: requests with answers, notifications, one end. */
export class PoolConnection {
  /** Resolves with the reason once the connection is gone. */
  readonly closed: Promise<string>;
  readonly #socket: Socket;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #notified: (method: string, params: unknown) => void;
  #nextId = 1;
  #reason = 'the pool closed the connection';
  #isClosed = false;

  constructor(socket: Socket, notified: (method: string, params: unknown) => void) {
    this.#socket = socket;
    this.#notified = notified;
    const reader = new LineReader(MAX_POOL_LINE_BYTES);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, PATIENCE_MS);
    socket.on('error', (error) => this.close(error.message));
    socket.on('data', (chunk) => {
      try {
        reader.read(chunk, (line) => this.#take(line));
      } catch (error) {
        this.close(messageOf(error));
      }
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        for (const answer of this.#answers.values()) answer({ ok: false, words: this.#reason });
        this.#answers.clear();
        resolve(this.#reason);
      });
    });
  }

  /** Requests that wait for their answer. */
  get waiting(): number {
    return this.#answers.size;
  }

  /** Resolves with the answer, in any case within 30 s: a pool that keeps silent longer is left. */
  request(method: string, params: readonly unknown[]): Promise<Answer> {
    if (this.#isClosed) return Promise.resolve({ ok: false, words: this.#reason });
    const id = this.#nextId++;
    const impatience = setTimeout(() => this.close(`no answer to ${method}`), PATIENCE_MS);
    return new Promise<Answer>((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket.write(requestLine(id, method, params));
    }).finally(() => clearTimeout(impatience));
  }

  close(reason: string): void {
    if (this.#socket.destroyed) return;
    this.#reason = reason;
    this.#socket.destroy();
  }

  #take(line: string): void {
    const message = parseLine(line);
    if (message.kind === 'response') this.#answer(message);
    else this.#notified(message.method, message.params);
  }

  #answer({ id, result, error }: Sv1Response): void {
    if (typeof id !== 'number') return;
    const answer = this.#answers.get(id);
    this.#answers.delete(id);
    if (error === null || error === undefined) answer?.({ ok: result !== false, result, words: 'refused' });
    else answer?.({ ok: false, words: Array.isArray(error) ? String(error[1]) : JSON.stringify(error) });
  }
}

/** @throws HashpoolError 'sv1-unreachable' */
export async function connectToPool(
  host: string,
  port: number,
  notified: (method: string, params: unknown) => void,
): Promise<PoolConnection> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (cause) {
    socket.destroy();
    throw new HashpoolError('sv1-unreachable', `cannot connect to ${host}:${port}: ${messageOf(cause)}`, {
      cause,
    });
  }
  return new PoolConnection(socket, notified);
}

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { parseLine, type Sv1Message, type Sv1Response } from '../../protocols/sv1/line.ts';
import { LineReader } from '../../protocols/sv1/line-reader.ts';

/** A pool may take so long to accept the connection. */
const CONNECT_PATIENCE_MS = 30_000;
/** Quiet time after which TCP asks whether the pool is there. */
const TCP_KEEPALIVE_MS = 60_000;
/** Longest line taken from a pool: a job with a coinbase of many outputs. */
const MAX_POOL_LINE_BYTES = 256 * 1024;

/** What a pool answered; `lost` where the connection ended before it did. */
export type Answer =
  | { readonly kind: 'granted'; readonly result: unknown }
  | { readonly kind: 'refused'; readonly code: number | undefined; readonly words: string }
  | { readonly kind: 'lost'; readonly words: string };

/** A call of the pool's; `id` where it wants an answer. */
export type PoolCall = Exclude<Sv1Message, Sv1Response>;

export interface PoolConnectionOptions {
  readonly socket: Socket;
  /** A request as it goes out, without its newline. */
  readonly line: (id: number, method: string, params: readonly unknown[]) => string;
  readonly nextId: () => number;
  readonly called: (call: PoolCall) => void;
}

/** A client's connection to an SV1 server: requests with answers, calls of the pool's, one end. */
export class PoolConnection {
  /** Resolves with the reason once the connection is gone. */
  readonly closed: Promise<string>;
  /** When a line last came, and went out; by performance.now. */
  heardAt = performance.now();
  saidAt = performance.now();
  readonly #options: PoolConnectionOptions;
  readonly #socket: Socket;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #reason = 'the pool closed the connection';
  #isClosed = false;

  constructor(options: PoolConnectionOptions) {
    const { socket } = options;
    this.#options = options;
    this.#socket = socket;
    const reader = new LineReader(MAX_POOL_LINE_BYTES);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
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
        const lost: Answer = { kind: 'lost', words: this.#reason };
        for (const answer of this.#answers.values()) answer(lost);
        this.#answers.clear();
        resolve(this.#reason);
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#socket.destroyed;
  }

  /** Requests that wait for their answer. */
  get waiting(): number {
    return this.#answers.size;
  }

  /** @param answered is called once, before anything that came behind the answer is read */
  request(method: string, params: readonly unknown[], answered: (answer: Answer) => void): void {
    if (this.#isClosed) {
      answered({ kind: 'lost', words: this.#reason });
      return;
    }
    const id = this.#options.nextId();
    this.#answers.set(id, answered);
    this.send(this.#options.line(id, method, params));
  }

  /** @param line without its newline */
  send(line: string): void {
    this.saidAt = performance.now();
    if (!this.isClosed) this.#socket.write(`${line}\n`);
  }

  close(reason: string): void {
    if (this.#socket.destroyed) return;
    this.#reason = reason;
    this.#socket.destroy();
  }

  #take(line: string): void {
    if (this.#socket.destroyed) return;
    this.heardAt = performance.now();
    const message = parseLine(line);
    if (message.kind === 'response') this.#answer(message);
    else this.#options.called(message);
  }

  #answer({ id, result, error }: Sv1Response): void {
    if (typeof id !== 'number') return;
    const answered = this.#answers.get(id);
    this.#answers.delete(id);
    if ((error === null || error === undefined) && result !== false) answered?.({ kind: 'granted', result });
    else answered?.({ kind: 'refused', ...refusalOf(error) });
  }
}

/** Code and words of the error forms that pools have: [code, words, ...], a text, an object, nothing. */
function refusalOf(error: unknown): { code: number | undefined; words: string } {
  const [code, words] = Array.isArray(error) ? error : [undefined, error];
  const text = typeof words === 'string' ? words : JSON.stringify(words ?? 'refused');
  return { code: typeof code === 'number' ? code : undefined, words: text };
}

/** @throws HashpoolError 'sv1-unreachable' */
export async function connectToPool(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_PATIENCE_MS) });
    return socket;
  } catch (cause) {
    socket.destroy();
    throw new HashpoolError('sv1-unreachable', `cannot connect to ${host}:${port}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

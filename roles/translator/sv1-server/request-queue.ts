import { refusalInWords, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { MessageId, Sv1Request } from '../../../protocols/sv1/line.ts';
import { errorLine, resultLine } from '../../../protocols/sv1/messages.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { MinerSocket } from './miner-socket.ts';

/** Requests that may wait while an earlier one is being answered. */
export const MAX_WAITING_REQUESTS = 8;

/** What a handler returns whose answer is sent elsewhere, out of order: shares wait for the pool. */
export const LATER = Symbol('later');

/**
 * Answers one connection's requests in the order in which they came, each one exactly once: while an answer is being
 * waited for, what comes after it waits too.
 */
export class RequestQueue {
  readonly #handle: (request: Sv1Request) => unknown;
  readonly #socket: MinerSocket;
  readonly #log: Logger;
  readonly #waiting: Sv1Request[] = [];
  #busy = false;

  /** @param handle returns the result, a promise of it, or LATER; throws Sv1Error to refuse */
  constructor(handle: (request: Sv1Request) => unknown, socket: MinerSocket, log: Logger) {
    this.#handle = handle;
    this.#socket = socket;
    this.#log = log;
  }

  take(request: Sv1Request): void {
    if (!this.#busy) {
      this.#answer(request);
      return;
    }
    if (this.#waiting.length < MAX_WAITING_REQUESTS) this.#waiting.push(request);
    else this.#socket.close('too many requests before the first was answered');
  }

  /** The connection is gone: what waits is dropped. */
  stop(): void {
    this.#waiting.length = 0;
  }

  #answer(request: Sv1Request): void {
    const { id } = request;
    try {
      const answer = this.#handle(request);
      if (answer instanceof Promise) this.#await(id, answer);
      else if (answer !== LATER) this.#socket.send(resultLine(id, answer));
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  #await(id: MessageId, answer: Promise<unknown>): void {
    this.#busy = true;
    answer
      .then((result) => this.#socket.send(resultLine(id, result)))
      .catch((error: unknown) => this.#refuse(id, error))
      .finally(() => this.#next());
  }

  #next(): void {
    this.#busy = false;
    while (!this.#busy) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.#answer(request);
    }
  }

  #refuse(id: MessageId, error: unknown): void {
    if (error instanceof Sv1Error) {
      this.#socket.send(errorLine(id, error.refusal));
      return;
    }
    this.#log.error({ miner: this.#socket.remote, error }, 'a request of a miner could not be answered');
    this.#socket.send(errorLine(id, refusalInWords(20, 'Internal error of the translator')));
  }
}

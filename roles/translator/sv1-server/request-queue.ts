import { refusalInWords, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { MessageId } from '../../../protocols/sv1/line.ts';
import { errorLine, resultLine } from '../../../protocols/sv1/messages.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { MinerSocket } from './miner-socket.ts';

/** Requests that may wait while an earlier one is being answered. */
export const MAX_WAITING_REQUESTS = 8;

/** What a handler returns whose answer is sent elsewhere, out of order: shares wait for the pool. */
export const LATER = Symbol('later');

/** A call of a miner. */
export interface MinerCall {
  /** Undefined where it wants no answer (JSON-RPC: id null or absent). */
  readonly id: MessageId | undefined;
  readonly method: string;
  readonly params: unknown;
}

/**
 * Answers one connection's requests in the order in which they came, each one exactly once: while an answer is being
 * waited for, what comes after it waits too.
 */
export class RequestQueue {
  readonly #handle: (call: MinerCall) => unknown;
  readonly #socket: MinerSocket;
  readonly #log: Logger;
  readonly #waiting: MinerCall[] = [];
  #busy = false;

  /** @param handle returns the result, a promise of it, or LATER; throws Sv1Error to refuse */
  constructor(handle: (call: MinerCall) => unknown, socket: MinerSocket, log: Logger) {
    this.#handle = handle;
    this.#socket = socket;
    this.#log = log;
  }

  take(call: MinerCall): void {
    if (!this.#busy) {
      this.#answer(call);
      return;
    }
    if (this.#waiting.length < MAX_WAITING_REQUESTS) this.#waiting.push(call);
    else this.#socket.close('too many requests before the first was answered');
  }

  /** The connection is gone: what waits is dropped. */
  stop(): void {
    this.#waiting.length = 0;
  }

  #answer(call: MinerCall): void {
    const { id } = call;
    try {
      const answer = this.#handle(call);
      if (answer instanceof Promise) this.#await(id, answer);
      else if (answer !== LATER) this.#grant(id, answer);
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  #await(id: MessageId | undefined, answer: Promise<unknown>): void {
    this.#busy = true;
    answer
      .then((result) => this.#grant(id, result))
      .catch((error: unknown) => this.#refuse(id, error))
      .finally(() => this.#next());
  }

  #next(): void {
    this.#busy = false;
    while (!this.#busy) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      this.#answer(call);
    }
  }

  #grant(id: MessageId | undefined, result: unknown): void {
    if (id !== undefined) this.#socket.send(resultLine(id, result));
  }

  #refuse(id: MessageId | undefined, error: unknown): void {
    const isForeseen = error instanceof Sv1Error;
    if (!isForeseen) {
      this.#log.error({ miner: this.#socket.remote, error }, 'a request of a miner could not be answered');
    }
    const refusal = isForeseen ? error.refusal : refusalInWords(20, 'Internal error of the translator');
    if (id !== undefined) this.#socket.send(errorLine(id, refusal));
  }
}

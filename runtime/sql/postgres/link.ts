import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Asked, ConnectionData, Failure, Reply, Result, Sent } from './messages.ts';

/** The port is looked at so often whatever the count says: once in a long while a reply was counted and not there yet. */
const LOOK_AGAIN_MS = 100;

/** A statement failed, or the connection did. */
export class LinkError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'LinkError';
    this.failure = failure;
  }
}

/**
 * A connection to PostgreSQL that is asked and answers while the calling thread stands still, as Node's SQLite does:
 * the socket lives in a thread of its own, and this one sleeps until that one has replied.
 */
export class Link {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #replies = new Int32Array(new SharedArrayBuffer(4));

  private constructor(url: string, isReadOnly: boolean) {
    const { port1, port2 } = new MessageChannel();
    const data: ConnectionData = { url, isReadOnly, port: port2, replies: this.#replies };
    const entry = new URL('./connection-thread.ts', import.meta.url);
    this.#worker = new Worker(entry, {
      workerData: data,
      transferList: [port2],
      execArgv: [],
      name: 'postgres',
    });
    this.#worker.unref();
    this.#port = port1;
    this.#port.unref();
  }

  /** @throws LinkError where the server can't be reached or does not let us in */
  static open(url: string, isReadOnly: boolean, answerMs: number): Link {
    const link = new Link(url, isReadOnly);
    link.#receive(answerMs);
    return link;
  }

  /**
   * Runs statements in one round trip.
   * @returns what each gave
   * @throws LinkError of the first that failed
   */
  run(sent: readonly Sent[], answerMs: number): readonly Result[] {
    this.#ask(sent);
    return this.#receive(answerMs);
  }

  /** Says goodbye to the server. */
  close(): void {
    this.#ask('close');
  }

  /** Lets go of a connection that is lost. */
  abandon(): void {
    void this.#worker.terminate();
  }

  #ask(asked: Asked): void {
    this.#port.postMessage(asked);
  }

  #receive(answerMs: number): readonly Result[] {
    const message = this.#next(performance.now() + answerMs);
    if (message === undefined) {
      throw new LinkError({
        state: undefined,
        message: `no answer within ${answerMs} ms`,
        index: 0,
        isLost: true,
      });
    }
    if ('failure' in message) throw new LinkError(message.failure);
    return message.results;
  }

  /** The next reply; undefined where none comes until then. The count of replies wakes this thread; the port has them. */
  #next(until: number): Reply | undefined {
    for (;;) {
      const count = Atomics.load(this.#replies, 0);
      const message = receiveMessageOnPort(this.#port)?.message as Reply | undefined;
      const leftMs = until - performance.now();
      if (message !== undefined || leftMs <= 0) return message;
      Atomics.wait(this.#replies, 0, count, Math.min(leftMs, LOOK_AGAIN_MS));
    }
  }
}

import { Worker } from 'node:worker_threads';
import { HashpoolError } from '../../protocols/errors.ts';
import { type Answer, type Call, type FromWorker, fromPlainError } from './channel.ts';

/** Calls that go over in one message; more wait for the next. */
const BATCH = 64;

interface Waiting extends Call {
  resolve(output: unknown): void;
  reject(error: Error): void;
}

/**
 * One worker thread and the calls it has in hand. While a batch is at work the next one gathers, so that a
 * busy thread is asked seldom and much, and an idle one at once.
 */
export class Thread {
  readonly #worker: Worker;
  readonly #batch: number;
  readonly #waiting: Waiting[] = [];
  #atWork: Waiting[] = [];
  #gone: Error | undefined;
  readonly #exited: Promise<void>;
  /** Settles with the reason where the thread ends unasked. */
  readonly died: Promise<HashpoolError>;
  #isClosing = false;
  #idle: (() => void) | undefined;

  readonly #started: Promise<void>;
  #settle: ((failure: Error | undefined) => void) | undefined;

  private constructor(worker: Worker, name: string, batch: number) {
    this.#worker = worker;
    this.#batch = batch;
    this.#started = new Promise((resolve, reject) => {
      this.#settle = (failure) => (failure ? reject(failure) : resolve());
    });
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('message', (message: FromWorker) => this.#received(message));
    this.died = new Promise((resolve) => {
      const die = (reason: string, cause?: unknown): void => {
        const error = new HashpoolError('worker-died', `${name}: ${reason}`, { cause });
        this.#fail(error);
        resolve(error);
      };
      worker.on('error', (cause) => die(String(cause), cause));
      worker.on('exit', (code) => {
        if (this.#isClosing) this.#fail(new HashpoolError('worker-closed', `${name} is closed`));
        else die(`ended by itself, with code ${code}`);
      });
    });
  }

  /**
   * Starts a thread on `entry` and waits until it says that it is ready.
   * @throws HashpoolError what the thread's own start threw
   */
  static async start(entry: URL, workerData: unknown, name: string, batch = BATCH): Promise<Thread> {
    const thread = new Thread(new Worker(entry, { workerData, name, execArgv: [] }), name, batch);
    await thread.#started;
    return thread;
  }

  get queued(): number {
    return this.#waiting.length + this.#atWork.length;
  }

  call(name: string, input: unknown): Promise<unknown> {
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, input, resolve, reject });
      if (this.#atWork.length === 0 && this.#waiting.length === 1) setImmediate(() => this.#send());
    });
  }

  /** Finishes what was asked, then ends the thread. */
  async close(): Promise<void> {
    if (this.queued > 0 && !this.#gone) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#isClosing = true;
    this.#worker.postMessage('close');
    await this.#exited;
  }

  #send(): void {
    if (this.#gone || this.#atWork.length > 0 || this.#waiting.length === 0) return;
    this.#atWork = this.#waiting.splice(0, this.#batch);
    this.#worker.postMessage(this.#atWork.map(({ name, input }): Call => ({ name, input })));
  }

  #received(message: FromWorker): void {
    if ('started' in message) this.#settle?.(undefined);
    else if ('failed' in message) this.#settle?.(fromPlainError(message.failed));
    else this.#answered(message);
  }

  #answered(answers: readonly Answer[]): void {
    const done = this.#atWork;
    this.#atWork = [];
    this.#send();
    answers.forEach((answer, i) => {
      if ('error' in answer) done[i]?.reject(fromPlainError(answer.error));
      else done[i]?.resolve(answer.output);
    });
    if (this.queued === 0) this.#idle?.();
  }

  #fail(error: Error): void {
    this.#gone ??= error;
    this.#settle?.(this.#gone);
    for (const call of [...this.#atWork.splice(0), ...this.#waiting.splice(0)]) call.reject(this.#gone);
    this.#idle?.();
  }
}

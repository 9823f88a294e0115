import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS } from './patience.ts';

const POLL_MS = 10;

/** What a role's supervisor would show: its last status text and figures. */
export interface ShownStatus {
  readonly text: string;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** A role as a process of its own, watched as its supervisor watches it. */
export class RoleProcess {
  readonly #args: readonly string[];
  readonly #folder: string;
  #child: ChildProcess;
  /** Everything it printed, over all its starts. */
  output = '';
  status: ShownStatus = { text: '', figures: {} };
  /** The exit code, once the process is gone. */
  exited: Promise<number | null>;

  /**
   * @param args the role's main.ts and its arguments
   * @param folder holds its state, credentials and published keys
   */
  constructor(args: readonly string[], folder: string) {
    this.#args = args;
    this.#folder = folder;
    [this.#child, this.exited] = this.#start();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until it has printed `pattern` or its status matches; throws with its output where that never comes. */
  async says(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!pattern.test(this.output) && !pattern.test(this.status.text)) {
      if (Date.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(
          `it never said ${pattern}; its status: ${this.status.text}; its output:\n${this.output}`,
        );
      }
      await delay(POLL_MS);
    }
  }

  /** Sends it a message, for what a test has preloaded into it, and gives the first message that `fits`. */
  ask<T>(message: object, fits: (answer: unknown) => answer is T): Promise<T> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (): void => void child.off('message', take).off('close', ended);
      const ended = (): void => {
        settle();
        reject(new Error(`it ended unasked:\n${this.output}`));
      };
      const take = (answer: unknown): void => {
        if (!fits(answer)) return;
        settle();
        resolve(answer);
      };
      child.on('message', take).once('close', ended);
      child.send(message);
    });
  }

  /** Ends it by a signal; gives its exit code, null where the signal left none. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    return this.exited;
  }

  /** Starts it again, as it was. */
  async restart(): Promise<void> {
    await this.stop();
    [this.#child, this.exited] = this.#start();
  }

  #start(): [ChildProcess, Promise<number | null>] {
    const folders = {
      STATE_DIRECTORY: this.#folder,
      CREDENTIALS_DIRECTORY: this.#folder,
      PUBLIC_DIRECTORY: this.#folder,
    };
    const child = spawn(process.execPath, this.#args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, ...folders },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    child.on('message', (message) => {
      if (isStatus(message)) this.status = message;
    });
    return [child, new Promise((resolve) => child.once('close', (code) => resolve(code)))];
  }
}

function isStatus(message: unknown): message is ShownStatus {
  return typeof message === 'object' && message !== null && 'text' in message && 'figures' in message;
}

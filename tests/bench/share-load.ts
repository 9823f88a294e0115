import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export type ShareKind = 'standard' | 'extended';

/** Shares so many that they never end. */
const ENDLESS = 1e15;

/** Answered shares since the generator's start. */
interface Answered {
  readonly accepted: number;
  /** Shares for a job of the tip before. */
  readonly stale: number;
}

/** Miners that submit shares as fast as they are answered, in a process of their own; see share-generator.ts. */
export class ShareLoad {
  readonly #child: ChildProcess;
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit').then(() => Promise.reject(new Error('the generator ended')));
  }

  static async open(port: number, kind: ShareKind, connections: number): Promise<ShareLoad> {
    const script = new URL('./share-generator.ts', import.meta.url);
    const load = new ShareLoad(fork(script, [String(port), kind, String(connections)]));
    await load.#answer();
    return load;
  }

  /** Resolves when so many shares were accepted. */
  async submit(shares: number): Promise<void> {
    this.#child.send({ shares });
    await this.#answer();
  }

  /** Submits until it is closed. */
  submitEndlessly(): void {
    this.#child.send({ shares: ENDLESS });
  }

  /** While shares are submitted without end. */
  async answered(): Promise<Answered> {
    this.#child.send({ howMany: true });
    return this.#answer();
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #answer(): Promise<Answered> {
    const [answer] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [Answered];
    return answer;
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

type Answer = { done: true } | { last: string } | { lost: number };

/** Many clients in a process of their own; see crowd-client.ts. */
export class Crowd {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(): Promise<Crowd> {
    const crowd = new Crowd(fork(new URL('./crowd-client.ts', import.meta.url)));
    await crowd.#answer((answer) => 'done' in answer);
    return crowd;
  }

  /** Connects so many, as miners with a channel each or as plain sockets. */
  async connect(number: number, port: number, miner: boolean): Promise<void> {
    await this.#ask({ connect: number, port, miner });
  }

  /** Opens so many more channels on the first connection. */
  async openChannels(channels: number): Promise<void> {
    await this.#ask({ channels });
  }

  /** Milliseconds from `send` until each client has got so many bytes. */
  async untilAllHave(bytes: number, send: () => void): Promise<number> {
    await this.#ask({ expect: bytes });
    const last = this.#answer((answer) => 'last' in answer);
    const start = process.hrtime.bigint();
    send();
    const answer = await last;
    if (!('last' in answer)) throw new Error('no time came');
    return Number(BigInt(answer.last) - start) / 1e6;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #ask(request: object): Promise<void> {
    const done = this.#answer((answer) => 'done' in answer);
    this.#child.send(request);
    await done;
  }

  #answer(fits: (answer: Answer) => boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ended = (): void => settle(() => reject(new Error('the clients ended')));
      const take = (answer: Answer): void => {
        if ('lost' in answer) settle(() => reject(new Error(`client ${answer.lost} was hung up on`)));
        else if (fits(answer)) settle(() => resolve(answer));
      };
      const settle = (act: () => void): void => {
        this.#child.off('message', take).off('exit', ended);
        act();
      };
      this.#child.on('message', take).on('exit', ended);
    });
  }
}

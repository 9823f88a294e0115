import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a helper is asked, and what it answers. Both may hold typed arrays. */
type Request = Readonly<Record<string, unknown>>;

/** A part of a bench in a process of its own, so that its CPU is not counted with another's; it does what it is asked. */
export class HelperProcess {
  readonly #child: ChildProcess;
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>;

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#ended = once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended`)));
    // Where nothing is asked when it ends, nobody waits for it.
    this.#ended.catch(() => undefined);
  }

  /**
   * @param script beside this file; resolves once it serves
   * @param execArgv what Node is told
   */
  static async open(
    script: string,
    args: readonly string[] = [],
    execArgv: readonly string[] = [],
  ): Promise<HelperProcess> {
    const child = fork(new URL(script, import.meta.url), args, {
      serialization: 'advanced',
      execArgv: [...process.execArgv, ...execArgv],
    });
    const helper = new HelperProcess(child, script);
    await helper.#answer();
    return helper;
  }

  /** One question at a time. @returns what its handler returned */
  async ask<T = void>(name: string, request: Request = {}): Promise<T> {
    this.#child.send({ name, request });
    const { value } = (await this.#answer()) as { value: T };
    return value;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #answer(): Promise<unknown> {
    const [answer] = await Promise.race([once(this.#child, 'message'), this.#ended]);
    return answer;
  }
}

/** The helper's side: answers what it is asked by the handler of that name, until its parent lets it go. */
export function serveParent<H>(handlers: { readonly [K in keyof H]: (request: never) => unknown }): void {
  process.on('message', ({ name, request }: { name: keyof H; request: never }) => {
    void Promise.resolve(handlers[name](request)).then((value) => process.send?.({ value }));
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ value: undefined });
}

/** Milliseconds of a clock that all processes of the machine share. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

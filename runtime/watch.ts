import type { Logger } from './logs.ts';
import type { Notifier } from './notify.ts';

const PROBE_DEADLINE_MS = 5_000;

/** Feeds the watchdog while the event loop turns and every probe answers: a role that hangs is not up. */
export class Watch {
  readonly #notifier: Notifier;
  readonly #log: Logger;
  readonly #probes = new Map<string, () => Promise<unknown>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(notifier: Notifier, log: Logger) {
    this.#notifier = notifier;
    this.#log = log;
  }

  add(name: string, probe: () => Promise<unknown>): void {
    this.#probes.set(name, probe);
  }

  start(): void {
    const { watchdogMs } = this.#notifier;
    if (watchdogMs === undefined) return;
    this.#timer = setInterval(() => void this.#round(), watchdogMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #round(): Promise<void> {
    const answers = await Promise.all([...this.#probes].map(([name, probe]) => this.#answers(name, probe)));
    if (answers.every(Boolean)) this.#notifier.alive();
  }

  async #answers(name: string, probe: () => Promise<unknown>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${PROBE_DEADLINE_MS} ms`)), PROBE_DEADLINE_MS);
    });
    try {
      await Promise.race([probe(), deadline]);
      return true;
    } catch (error) {
      this.#log.error({ err: error, probe: name }, 'a probe does not answer: the watchdog is not fed');
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}

import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Dependency, Health } from '../api/schemas/health.ts';
import { plainWords } from './plain-words.ts';
import { type Finding, failing, type Probe } from './probe.ts';

/** Killed parts are to be named within ten seconds. */
const INTERVAL_MS = 2_000;
const DEADLINE_MS = 3_000;

export interface MonitorOptions {
  readonly side: Health['side'];
  readonly probes: readonly Probe[];
  readonly log: Logger;
  /** Unix ms. */
  readonly clock: () => number;
  /** A dependency is in another state than before. */
  onChange(dependency: Dependency): void;
}

/** Looks at all that a side depends on, again and again. */
export class HealthMonitor {
  readonly #options: MonitorOptions;
  readonly #found = new Map<string, Dependency>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #now: Health;

  constructor(options: MonitorOptions) {
    this.#options = options;
    const since = options.clock();
    for (const probe of options.probes) {
      const { name, title, matters } = probe;
      const first = { state: 'unknown' as const, why: 'not looked at yet', remedy: '', latency_ms: null };
      this.#found.set(name, { name, title, matters, since, ...first });
    }
    this.#now = this.#verdict();
  }

  get now(): Health {
    return this.#now;
  }

  /** Looks at everything once, then every two seconds until `close`. */
  async start(): Promise<void> {
    await this.#round();
    if (!this.#stopping.signal.aborted) this.#timer = setTimeout(() => void this.start(), INTERVAL_MS);
  }

  close(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    await Promise.all(this.#options.probes.map((probe) => this.#look(probe)));
    this.#now = this.#verdict();
  }

  async #look(probe: Probe): Promise<void> {
    const { clock, onChange, log } = this.#options;
    const before = this.#found.get(probe.name);
    const began = performance.now();
    const { state, why } = await this.#find(probe);
    if (this.#stopping.signal.aborted) return;
    const changed = before?.state !== state;
    const { name, title, matters, remedy } = probe;
    const dependency: Dependency = {
      name,
      title,
      state,
      matters,
      since: changed || !before ? clock() : before.since,
      why,
      remedy: state === 'failing' ? remedy : '',
      latency_ms: Math.round(performance.now() - began),
    };
    this.#found.set(name, dependency);
    if (!changed) return;
    this.#now = this.#verdict();
    log[state === 'failing' ? 'warn' : 'info']({ dependency: name, state }, `${title}: ${why}`);
    onChange(dependency);
  }

  async #find(probe: Probe): Promise<Finding> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const signal = AbortSignal.any([deadline, this.#stopping.signal]);
    const late = new Promise<Finding>((resolve) => {
      deadline.addEventListener('abort', () => resolve(failing(`no answer in ${DEADLINE_MS / 1000} s`)), {
        once: true,
      });
    });
    const look = async () => probe.look(signal);
    const { state, why } = await Promise.race([
      look().catch((error: unknown) => failing(messageOf(error))),
      late,
    ]);
    return { state, why: plainWords(why) };
  }

  #verdict(): Health {
    const { side, clock } = this.#options;
    const dependencies = [...this.#found.values()];
    const faults = dependencies.filter(({ state }) => state === 'failing');
    const ok = dependencies.every(({ matters, state }) => !matters || state === 'ok');
    const waiting = dependencies.filter(({ matters, state }) => matters && state === 'unknown');
    const told = [...faults, ...(ok ? [] : waiting)].map(({ title, why }) => `${title}: ${why}`);
    const verdict = ok ? ['OK', ...told].join('\n') : told.join('\n');
    return { as_of: clock(), side, ok, verdict, dependencies };
  }
}

import type { Reaper } from './reaper.ts';
import { type Exit, type Figures, type LaunchPlan, type RoleProcess, startProcess } from './role-process.ts';
import { Totals } from './totals.ts';

/**
 * waiting: for the roles that it comes after; starting: no readiness yet; ready; restarting: died, and a timer
 * runs; stopping; stopped: at its own time, or given up.
 */
export type Phase = 'waiting' | 'starting' | 'ready' | 'restarting' | 'stopping' | 'stopped';

/** What is to be seen of a role. */
export interface RoleView {
  readonly name: string;
  readonly phase: Phase;
  /** The role's own words on what it does or waits for; why it died, while it restarts. */
  readonly text: string;
  readonly figures: Figures;
  readonly pid: number | undefined;
  readonly restarts: number;
  /** When the restart is due, as `Date.now()` gives it. */
  readonly restartAt: number | undefined;
}

/** What the supervisor hears of a role. */
export interface RoleEvents {
  changed(role: SupervisedRole): void;
  ready(role: SupervisedRole): void;
  /** @param hung why its process was ended, where this class did so because it hung */
  died(role: SupervisedRole, exit: Exit, hung: string | undefined): void;
}

/** Bounds of time in a role's life, in milliseconds. */
export interface Patience {
  /** From start, or the last status before readiness, to readiness; afterwards it counts as hanging. */
  readonly readiness: number;
  /** From one sign of life to the next; afterwards it counts as hanging. */
  readonly silence: number;
  /** Before the first restart; doubles from one to the next. */
  readonly firstRestart: number;
  readonly longestRestart: number;
  /** A role that was up for so long starts again with the first delay. */
  readonly healthy: number;
}

export const usualPatience: Patience = {
  readiness: 120_000,
  silence: 60_000,
  firstRestart: 1_000,
  longestRestart: 30_000,
  healthy: 60_000,
};

/** One role's process, again and again. */
export class SupervisedRole {
  readonly name: string;
  readonly #plan: LaunchPlan;
  readonly #reaper: Reaper;
  readonly #events: RoleEvents;
  readonly #patience: Patience;
  readonly #totals = new Totals();
  #phase: Phase = 'waiting';
  #text = '';
  #process: RoleProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #delay: number;
  #restarts = 0;
  #restartAt: number | undefined;
  #hung: string | undefined;

  constructor(plan: LaunchPlan, reaper: Reaper, patience: Patience, events: RoleEvents) {
    this.name = plan.name;
    this.#plan = plan;
    this.#reaper = reaper;
    this.#patience = patience;
    this.#events = events;
    this.#delay = patience.firstRestart;
  }

  get plan(): LaunchPlan {
    return this.#plan;
  }

  view(): RoleView {
    return {
      name: this.name,
      phase: this.#phase,
      text: this.#text,
      figures: this.#totals.figures(),
      pid: this.#process?.pid,
      restarts: this.#restarts,
      restartAt: this.#restartAt,
    };
  }

  start(): void {
    this.#restartAt = undefined;
    this.#startedAt = Date.now();
    this.#hung = undefined;
    this.#enter('starting', '');
    this.#limitStart();
    const process = startProcess(this.#plan, this.#reaper, (message) => {
      if (message.type === 'ready') this.#becomeReady();
      else if (message.type === 'alive') this.#hearLife();
      else this.#report(message.text, message.figures);
    });
    this.#process = process;
    void process.exited.then((exit) => this.#ended(exit));
  }

  /** Starts the role anew after its delay, which doubles each time that it does not stay up. */
  restart(why: string): void {
    const lived = Date.now() - this.#startedAt;
    if (lived >= this.#patience.healthy) this.#delay = this.#patience.firstRestart;
    const delay = this.#delay;
    this.#delay = Math.min(2 * delay, this.#patience.longestRestart);
    this.#restarts += 1;
    this.#restartAt = Date.now() + delay;
    this.#enter('restarting', why);
    this.#timer = setTimeout(() => this.start(), delay);
  }

  /** Takes the role out of service for good, with the reason. */
  giveUp(why: string): void {
    this.#enter('stopped', why);
  }

  /** Asks the role to stop and resolves when it has; it may never do so. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#restartAt = undefined;
    const process = this.#process;
    if (process === undefined) {
      if (this.#phase !== 'stopped') this.#enter('stopped', '');
      return;
    }
    this.#enter('stopping', '');
    process.terminate();
    await process.exited;
  }

  /** Ends a role that does not stop. */
  kill(): void {
    this.#process?.kill();
  }

  #becomeReady(): void {
    if (this.#phase !== 'starting') return;
    this.#enter('ready', this.#text);
    this.#hearLife();
    this.#events.ready(this);
  }

  /** A start that neither ends nor says anything for so long hangs. */
  #limitStart(): void {
    this.#limit(this.#patience.readiness, 'did not become ready');
  }

  /** A role that runs says so every few seconds, unless its event loop or a store of it hangs. */
  #hearLife(): void {
    if (this.#phase === 'ready') this.#limit(this.#patience.silence, 'gave no sign of life');
  }

  #limit(milliseconds: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#hung = `${what} for ${milliseconds / 1000} s`;
      this.#process?.kill();
    }, milliseconds);
  }

  #report(text: string, figures: Figures): void {
    if (this.#phase === 'starting') this.#limitStart();
    this.#totals.report(figures);
    if (this.#phase !== 'stopping') this.#text = text;
    this.#events.changed(this);
  }

  #ended(exit: Exit): void {
    clearTimeout(this.#timer);
    this.#process = undefined;
    this.#totals.processEnded();
    if (this.#phase === 'stopping') this.#enter('stopped', '');
    else this.#events.died(this, exit, this.#hung);
  }

  #enter(phase: Phase, text: string): void {
    this.#phase = phase;
    this.#text = text;
    this.#events.changed(this);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { isFinal } from './exit-codes.ts';
import { lastTrouble } from './log-tail.ts';
import { type Reaper, startReaper } from './reaper.ts';
import type { Exit, LaunchPlan } from './role-process.ts';
import { type Patience, type RoleView, SupervisedRole, usualPatience } from './supervised-role.ts';

/** Why the roles were stopped. */
export interface Ending {
  readonly reason: string;
  /** 0: as was wished; 1: a role died and was not to be restarted; else the code of a role that can't run. */
  readonly exitCode: number;
}

export interface SupervisorOptions {
  /** In the order in which they start. */
  readonly plans: readonly LaunchPlan[];
  /** Whether a role that died is started again, or ends the whole. */
  readonly restart: boolean;
  /** Called at every change of a role. */
  readonly onChange: (role: RoleView) => void;
  readonly patience?: Patience;
}

/** The next role is told to stop when the one after it has, or after this. */
const STEP_MS = 600;
/** From the wish to stop to the end of the last process; the audit that follows has the rest of five seconds. */
const STOP_MS = 4_200;

/** All roles of an appliance as processes: started in order, started again when they die, stopped in reverse. */
export class Supervisor {
  readonly #roles: readonly SupervisedRole[];
  readonly #reaper: Reaper = startReaper();
  readonly #ready = new Set<string>();
  readonly #restart: boolean;
  readonly #ended = Promise.withResolvers<Ending>();
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#restart = options.restart;
    this.#roles = options.plans.map(
      (plan) =>
        new SupervisedRole(plan, this.#reaper, options.patience ?? usualPatience, {
          changed: (role) => options.onChange(role.view()),
          ready: (role) => this.#becameReady(role),
          died: (role, exit, hung) => this.#died(role, exit, hung),
        }),
    );
  }

  /** Resolves when all processes are gone. */
  get ended(): Promise<Ending> {
    return this.#ended.promise;
  }

  views(): RoleView[] {
    return this.#roles.map((role) => role.view());
  }

  start(): void {
    this.#startWaiting();
  }

  /** Stops all roles, the last started first; what hangs is killed. The first reason given is the one that counts. */
  stop(reason: string, exitCode = 0): Promise<Ending> {
    // Begun in a later turn: the first role to change may make the observer call this again.
    this.#stopping ??= Promise.resolve()
      .then(() => this.#stopAll())
      .then(() => {
        this.#reaper.close();
        this.#ended.resolve({ reason, exitCode });
      }, this.#ended.reject);
    return this.ended;
  }

  #becameReady(role: SupervisedRole): void {
    this.#ready.add(role.name);
    this.#startWaiting();
  }

  /** Starts each role that waits for nothing any more. */
  #startWaiting(): void {
    if (this.#stopping !== undefined) return;
    for (const role of this.#roles) {
      if (role.view().phase !== 'waiting') continue;
      if (role.plan.after.every((other) => this.#ready.has(other))) role.start();
    }
  }

  #died(role: SupervisedRole, exit: Exit, hung: string | undefined): void {
    const trouble = lastTrouble(role.plan.log);
    const why = hung ?? `${describeExit(exit)}${trouble === undefined ? '' : `: ${trouble}`}`;
    if (this.#stopping === undefined && this.#restart && !isFinal(exit.code)) {
      role.restart(why);
      return;
    }
    role.giveUp(why);
    void this.stop(`${role.name} ${why}`, isFinal(exit.code) ? exit.code : 1);
  }

  async #stopAll(): Promise<void> {
    const patience = setTimeout(() => {
      for (const role of this.#roles) role.kill();
    }, STOP_MS);
    const stops: Promise<void>[] = [];
    for (const role of this.#roles.toReversed()) {
      const stopped = role.stop();
      stops.push(stopped);
      await Promise.race([stopped, delay(STEP_MS, undefined, { ref: false })]);
    }
    await Promise.all(stops);
    clearTimeout(patience);
  }
}

function describeExit(exit: Exit): string {
  if (exit.signal !== null) return `was ended by ${exit.signal}`;
  return exit.code === null ? 'could not be started' : `exited with code ${exit.code}`;
}

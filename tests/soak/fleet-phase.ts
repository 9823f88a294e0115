import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from '../../roles/miner/fleet.ts';
import type { Machine } from '../../roles/miner/machine.ts';
import type { Tally } from '../../roles/miner/tally.ts';
import { isDropped } from '../harness/fleet.ts';

const POLL_MS = 20;

/** What happened to a fleet in a stretch of time. */
export interface Phase {
  readonly name: string;
  readonly sent: number;
  readonly accepted: number;
  readonly stale: number;
  /** Rejected for anything else. */
  readonly refused: number;
  /** Ended with their connection. */
  readonly unanswered: number;
  readonly reconnects: number;
  readonly extranonces: number;
  readonly times: Times;
}

/** Milliseconds from the pool's return, or from its going where there is another. */
export interface Times {
  /** Until all were told another extranonce, or asked to connect again. */
  readonly toldAfterMs?: number;
  /** Until all were served again. */
  readonly servedAfterMs: number;
}

/** Follows a fleet through what a test does to it, and keeps what no machine should have seen. */
export class FleetWatch {
  readonly phases: Phase[] = [];
  readonly #fleet: Fleet;
  #started: readonly Tally[] = [];

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** All are mining: from now on nobody may be dropped. */
  started(): void {
    this.#started = this.#fleet.machines.map(({ tally }) => tally.copy());
  }

  /** Shares that no answer has come to yet. */
  get outstanding(): number {
    const { sent, accepted, rejected, unanswered } = this.#fleet.tally();
    return sent - accepted - rejected - unanswered;
  }

  /** For each machine how often it was told another extranonce or came again. */
  moves(): number[] {
    return this.#fleet.machines.map(({ tally }) => tally.extranoncesSet + tally.reconnects);
  }

  /** For each machine how often it was told another extranonce, or asked to come again. */
  tellings(): number[] {
    return this.#fleet.machines.map(({ tally }) => tally.extranoncesSet + tally.reconnectsAsked);
  }

  /** True when all machines were told since. */
  wereTold(since: readonly number[]): boolean {
    return this.tellings().every((times, i) => times > (since[i] ?? 0));
  }

  /** True when all machines have moved since, and are mining. */
  haveMoved(since: readonly number[]): boolean {
    const now = this.moves();
    return this.#fleet.machines.every(({ isMining }, i) => isMining && (now[i] ?? 0) > (since[i] ?? 0));
  }

  /** Runs a stretch of time and notes what came of it. */
  async phase(name: string, run: () => Promise<Times>): Promise<void> {
    const before = this.#fleet.tally();
    const times = await run();
    const after = this.#fleet.tally();
    const of = (key: 'sent' | 'accepted' | 'stale' | 'rejected' | 'unanswered' | 'reconnects') =>
      after[key] - before[key];
    const phase = {
      name,
      sent: of('sent'),
      accepted: of('accepted'),
      stale: of('stale'),
      refused: of('rejected') - of('stale'),
      unanswered: of('unanswered'),
      reconnects: of('reconnects'),
      extranonces: after.extranoncesSet - before.extranoncesSet,
      times,
    };
    this.phases.push(phase);
    console.log(JSON.stringify(phase));
  }

  /** Milliseconds until it holds; more than the limit where it never did. */
  async until(holds: () => boolean, limitMs: number): Promise<number> {
    const start = performance.now();
    while (!holds() && performance.now() - start <= limitMs) await delay(POLL_MS);
    return Math.round(performance.now() - start);
  }

  /** What a miner must never see, in words, each once. */
  troubles(): string[] {
    const tally = this.#fleet.tally();
    // On a busy computer a NerdMiner loses patience.
    const handshakes = [...tally.refusals].filter(([words]) => / was refused: /.test(words));
    const refused = [...tally.rejections].filter(([words]) => !/\(21\)$/.test(words));
    return [
      ...refused.map(([words, times]) => `${times} shares were refused: ${words}`),
      ...handshakes.map(([words, times]) => `${times} handshakes: ${words}`),
      ...new Set(this.#dropped().map(howDropped)),
    ];
  }

  #dropped(): Machine[] {
    return this.#fleet.machines.filter((machine, i) => isDropped(machine, this.#started[i]));
  }
}

function howDropped({ profile, tally }: Machine): string {
  return `a ${profile.name} was dropped: ${[...tally.endings.keys()].join(', ')}`;
}

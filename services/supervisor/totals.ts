import type { Figures } from './role-process.ts';

/** Figures that count from a process's start; over restarts they are added up. */
const COUNTED = new Set(['shares_accepted', 'shares_rejected', 'shares_solo']);

/** A role's figures over all its processes of this run. */
export class Totals {
  readonly #before = new Map<string, bigint>();
  #current: Record<string, number | bigint | string> = {};

  /** Takes what the running process says; figures that it leaves out stay as they were. */
  report(figures: Figures): void {
    Object.assign(this.#current, figures);
  }

  /** What the process has counted is kept, and the next one begins at nothing. */
  processEnded(): void {
    for (const name of COUNTED) {
      const counted = this.#current[name];
      if (counted === undefined) continue;
      this.#before.set(name, (this.#before.get(name) ?? 0n) + integerOf(counted));
      delete this.#current[name];
    }
  }

  figures(): Figures {
    const figures = { ...this.#current };
    for (const [name, before] of this.#before) figures[name] = before + integerOf(figures[name] ?? 0);
    return figures;
  }
}

/** A figure as an integer; text that is none, and what is missing, count as zero. */
export function integerOf(figure: number | bigint | string | undefined): bigint {
  if (typeof figure === 'bigint') return figure;
  if (typeof figure === 'number') return Number.isFinite(figure) ? BigInt(Math.trunc(figure)) : 0n;
  return figure !== undefined && /^-?\d{1,40}$/.test(figure) ? BigInt(figure) : 0n;
}

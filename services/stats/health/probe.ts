import type { DependencyState } from '../api/schemas/health.ts';

/** What a look at a dependency found. */
export interface Finding {
  readonly state: DependencyState;
  /** How it is, in words. */
  readonly why: string;
}

/** One thing that a side depends on, and how it is looked at. */
export interface Probe {
  /** Stable: programs, metrics and alerts go by it. */
  readonly name: string;
  readonly title: string;
  /** Whether the side does not work without it. */
  readonly matters: boolean;
  /** What to do where it fails. */
  readonly remedy: string;
  /** What it throws is a failure, in the words of its message. */
  look(signal: AbortSignal): Promise<Finding> | Finding;
}

export const well = (why: string): Finding => ({ state: 'ok', why });
export const failing = (why: string): Finding => ({ state: 'failing', why });
export const unknown = (why: string): Finding => ({ state: 'unknown', why });

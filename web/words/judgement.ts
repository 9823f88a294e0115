import type { Dependency, Health } from '../../services/stats/api/schemas/health.ts';
import { counted } from '../format/amount.ts';
import type { State } from './states.ts';

/** A side's health in a line, and the parts that it is about. */
export interface Judgement {
  readonly state: State;
  readonly title: string;
  /** What is wrong; where nothing is, what must work and is not known to. */
  readonly parts: readonly Dependency[];
}

/** Says how a side is: `All good` only where all that matters is known to work. */
export function judge({ dependencies }: Health): Judgement {
  const failing = dependencies.filter(({ state }) => state === 'failing');
  const serious = failing.filter(({ matters }) => matters).length;
  const lesser = failing.length - serious;
  if (serious > 0) {
    const rest = lesser > 0 ? `, and ${counted(lesser, 'thing')} to look at` : '';
    return { state: 'bad', title: `${counted(serious, 'problem')}${rest}`, parts: failing };
  }
  const unknown = dependencies.filter(({ matters, state }) => matters && state === 'unknown');
  if (unknown.length > 0) {
    return { state: 'off', title: 'Not all is known yet', parts: [...unknown, ...failing] };
  }
  if (lesser > 0) {
    return { state: 'low', title: `Working, with ${counted(lesser, 'thing')} to look at`, parts: failing };
  }
  return { state: 'ok', title: 'All good', parts: [] };
}

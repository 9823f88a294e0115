import type { Block } from '../../services/stats/api/schemas/blocks.ts';
import type { StatsEvent } from '../../services/stats/api/schemas/events.ts';
import type { Dependency } from '../../services/stats/api/schemas/health.ts';
import type { Miner } from '../../services/stats/api/schemas/miners.ts';

/** How something is: well, not as it should be, broken, or not there. */
export type State = 'ok' | 'low' | 'bad' | 'off';

export interface StateWord {
  readonly state: State;
  readonly word: string;
}

/** A dependency's state for people: what fails and does not matter is a warning. */
export function stateOfDependency({ state, matters }: Pick<Dependency, 'state' | 'matters'>): StateWord {
  if (state === 'ok') return { state: 'ok', word: 'OK' };
  if (state === 'unknown') return { state: 'off', word: 'Not known' };
  return matters ? { state: 'bad', word: 'Failing' } : { state: 'low', word: 'Attention' };
}

export const minerStates: Record<Miner['state'], StateWord> = {
  ok: { state: 'ok', word: 'OK' },
  low: { state: 'low', word: 'Low' },
  offline: { state: 'off', word: 'Offline' },
};

export const blockStates: Record<Block['state'], StateWord> = {
  sent: { state: 'off', word: 'Sent to the node' },
  found: { state: 'low', word: 'Found' },
  confirmed: { state: 'ok', word: 'Confirmed' },
  orphaned: { state: 'bad', word: 'Orphaned' },
};

export const severityStates: Record<StatsEvent['severity'], State> = {
  info: 'ok',
  warning: 'low',
  critical: 'bad',
};

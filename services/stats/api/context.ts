import type { Board } from '../live/board.ts';
import type { EventLog } from '../live/events.ts';
import type { KnownMiners } from '../live/known-miners.ts';
import type { Recorder } from '../live/recorder.ts';
import type { StatsReader } from '../store/store.ts';
import type { Names } from './names.ts';
import type { Health } from './schemas/health.ts';
import type { Services } from './schemas/services.ts';

/** What the answers are made from. */
export interface ApiContext {
  readonly side: 'pool' | 'proxy';
  readonly network: string;
  readonly store: StatsReader;
  readonly board: Board;
  readonly miners: KnownMiners;
  readonly recorder: Recorder;
  readonly events: EventLog;
  readonly names: Names;
  readonly health: { readonly now: Health };
  /** How the service itself is. */
  readonly self: { refused(): Services['refused_clients']; storage(): Services['storage'] };
  /** Unix ms. */
  readonly recordingSince: number;
  readonly lostAt: () => number | undefined;
  readonly clock: () => number;
}

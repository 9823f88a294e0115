import type { Events, StatsEvent } from './events.ts';
import type { Health } from './health.ts';
import type { JobAnswer } from './job.ts';
import type { Stats } from './stats.ts';

/**
 * What comes over `/ws`, one JSON text a message, and over `/api/live` as server-sent events of that `type` with the
 * same JSON text. At first come `stats`, `health`, `job` and `events`; afterwards each when it has changed,
 * and `tick` every few seconds: what came last still holds.
 */
export type LiveMessage =
  | { readonly type: 'stats'; readonly data: Stats }
  | { readonly type: 'health'; readonly data: Health }
  | { readonly type: 'job'; readonly data: JobAnswer }
  | { readonly type: 'events'; readonly data: Events }
  | { readonly type: 'event'; readonly data: StatsEvent }
  | { readonly type: 'tick'; readonly data: { readonly as_of: number } };

import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  fieldText,
  LINK_STATES,
  type LinkState,
  type ProcessHealth,
} from '../../../protocols/stats/messages.ts';

const LOOP_RESOLUTION_MS = 10;

/** What a role knows of itself, beside what the process tells. */
export interface RoleHealth {
  /** What it is doing, in words. */
  readonly status: string;
  readonly openConnections?: number;
  /** Calls that wait for its stores. */
  readonly queueDepth?: number;
  /** Shares that the mint has not acknowledged, and the age of the oldest, ms. */
  readonly outboxDepth?: number;
  readonly oldestUnsentMs?: number;
  /** How it stands with what it depends on. */
  readonly links?: readonly { readonly name: string; readonly state: LinkState; readonly why: string }[];
}

/** Measures the process from now on; each look is over the time since the one before. */
export function processHealth(): { look(role: RoleHealth, now: number): ProcessHealth; close(): void } {
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  return {
    look(role, now) {
      // The histogram counts the timer's own interval.
      const delayMs = Math.max(0, loop.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
      loop.reset();
      const { rss, heapUsed } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      return {
        name: 'ProcessHealth',
        at: BigInt(now),
        status: fieldText(role.status),
        loop_delay_us: Math.min(0xffffffff, Math.round(delayMs * 1000)),
        cpu_us: BigInt(user + system),
        memory_bytes: BigInt(rss),
        heap_bytes: BigInt(heapUsed),
        open_connections: role.openConnections ?? 0,
        queue_depth: role.queueDepth ?? 0,
        outbox_depth: BigInt(role.outboxDepth ?? 0),
        oldest_unsent_ms: BigInt(Math.round(role.oldestUnsentMs ?? 0)),
        links: (role.links ?? []).map(({ name, state, why }) => ({
          name,
          state: LINK_STATES.indexOf(state),
          why: fieldText(why),
        })),
      };
    },
    close: () => loop.disable(),
  };
}

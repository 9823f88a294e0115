import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../protocols/errors.ts';
import type { Log } from './log.ts';

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A connection that lasted this long counts as a success: the next wait is the first again. */
  readonly steadyMs: number;
}

export const DEFAULT_BACKOFF: Backoff = { firstMs: 500, maxMs: 30_000, steadyMs: 10_000 };

export interface ReconnectOptions<C extends { readonly closed: Promise<{ readonly reason: string }> }> {
  /** What is connected to, for the log: `pool`, `template provider`. */
  readonly name: string;
  connect(): Promise<C>;
  /** Takes each new connection. What it throws counts as the connection's end. */
  onConnected(connection: C): void | Promise<void>;
  /** Told in words whenever what is to be said of the connection changes, for a status line. */
  onStatus?(text: string): void;
  readonly log: Log;
  /** Ends it all. The owner closes a connection that is open then. */
  readonly signal: AbortSignal;
  readonly backoff?: Partial<Backoff>;
  /** From 0 to 1, as Math.random. */
  readonly random?: () => number;
  /** Milliseconds that only go forward. */
  readonly clock?: () => number;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Keeps a connection up: connects, hands it over, waits for its end, and again, with waits that double up to a limit
 * and are drawn at random from their upper half, so that clients of a restarted server do not come all at once. The
 * same failure is logged once, however often it repeats.
 * @returns resolves when the signal is aborted and the last connection has ended
 */
export async function reconnecting<C extends { readonly closed: Promise<{ readonly reason: string }> }>(
  options: ReconnectOptions<C>,
): Promise<void> {
  const { name, log, signal, random = Math.random, clock = () => performance.now(), wait = pause } = options;
  const backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
  let lastFailure: string | undefined;
  let failures = 0;

  const failed = (failure: string) => {
    if (failure !== lastFailure) {
      log.warn({ peer: name }, `${name}: ${failure}; trying again`);
      options.onStatus?.(`waiting for ${name}: ${failure}`);
    }
    lastFailure = failure;
  };

  while (!signal.aborted) {
    let since: number | undefined;
    try {
      const connection = await options.connect();
      since = clock();
      if (lastFailure !== undefined) log.info({ peer: name }, `${name}: connected again`);
      options.onStatus?.(`connected to ${name}`);
      await options.onConnected(connection);
      const { reason } = await connection.closed;
      if (signal.aborted) return;
      failed(reason);
    } catch (error) {
      if (signal.aborted) return;
      failed(messageOf(error));
    }
    const steady = since !== undefined && clock() - since >= backoff.steadyMs;
    failures = steady ? 0 : failures + 1;
    if (steady) lastFailure = undefined;
    await wait(delay(backoff, failures, random), signal);
  }
}

function delay({ firstMs, maxMs }: Backoff, failures: number, random: () => number): number {
  const longest = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
  return longest / 2 + (longest / 2) * random();
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the wait, and the loop looks at the signal itself.
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

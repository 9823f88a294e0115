import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../protocols/errors.ts';
import type { Log } from './log.ts';

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A connection that lasted this long counts as a success: the next wait is the first again. */
  readonly steadyMs: number;
}

/** Miners wait for what comes over the connection: whoever is to be there is asked again soon, and often. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 250, maxMs: 5_000, steadyMs: 10_000 };

/** Keeps the arithmetic finite. */
const MAX_DOUBLINGS = 30;

/** What is kept up: a connection, or anything that ends and can be ended. */
export interface Endable {
  readonly closed: Promise<{ readonly reason: string }>;
  close(reason?: string): void;
}

export interface ReconnectOptions<C extends Endable> {
  /** What is connected to, for the log: `pool`, `template provider`. */
  readonly name: string;
  connect(signal: AbortSignal): Promise<C>;
  /** Takes each new connection. What it throws ends the connection. */
  onConnected(connection: C): void | Promise<void>;
  /** Told in words whenever what is to be said of the connection changes, for a status line. */
  onStatus?(text: string): void;
  readonly log: Log;
  /** Ends it all, an open connection too. */
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
export async function reconnecting<C extends Endable>(options: ReconnectOptions<C>): Promise<void> {
  const { signal, random = Math.random, clock = () => performance.now(), wait = pause } = options;
  const backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
  const report = reporter(options);
  let failures = 0;
  while (!signal.aborted) {
    let since: number | undefined;
    try {
      const connection = await options.connect(signal);
      since = clock();
      report.connected();
      const reason = await useUp(connection, options);
      if (!signal.aborted) report.failed(reason);
    } catch (error) {
      if (!signal.aborted) report.failed(messageOf(error));
    }
    if (signal.aborted) return;
    if (since !== undefined && clock() - since >= backoff.steadyMs) {
      failures = 0;
      report.forget();
    }
    await wait(delay(backoff, failures, random), signal);
    failures++;
  }
}

/** Hands a connection over and waits for its end. */
async function useUp<C extends Endable>(
  connection: C,
  { onConnected, signal }: ReconnectOptions<C>,
): Promise<string> {
  const stop = () => connection.close('stopping');
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    else await onConnected(connection);
    return (await connection.closed).reason;
  } catch (error) {
    connection.close(messageOf(error));
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Says what changes, and says it once. */
function reporter({ name, log, onStatus }: Pick<ReconnectOptions<Endable>, 'name' | 'log' | 'onStatus'>) {
  let lastFailure: string | undefined;
  let toldDown = false;
  return {
    connected(): void {
      onStatus?.(`connected to ${name}`);
      if (toldDown) log.info({ peer: name }, `${name}: connected again`);
      toldDown = false;
    },
    failed(failure: string): void {
      onStatus?.(`waiting for ${name}: ${failure}`);
      if (failure === lastFailure) return;
      log.warn({ peer: name }, `${name}: ${failure}; trying again`);
      lastFailure = failure;
      toldDown = true;
    },
    /** After a connection that lasted, the same failure is news again. */
    forget(): void {
      lastFailure = undefined;
    },
  };
}

function delay({ firstMs, maxMs }: Backoff, failures: number, random: () => number): number {
  const longest = Math.min(maxMs, firstMs * 2 ** Math.min(failures, MAX_DOUBLINGS));
  return longest / 2 + (longest / 2) * random();
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the wait, and the loop looks at the signal itself.
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

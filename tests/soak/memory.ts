import type { RoleProcess } from '../harness/role-process.ts';

/** Bytes; `heapUsed` after a forced collection. */
export interface Memory {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** How long the thread with the sockets was busy at the longest since the last measurement. */
  readonly stallMs: number;
}

interface Measured {
  readonly measured: Memory;
}

export const MEBI = 1024 * 1024;

/** Memory of a process with heap-reporter.ts in it. */
export async function measure(role: RoleProcess): Promise<Memory> {
  const { measured } = await role.ask({ measure: true }, isMeasured);
  return measured;
}

function isMeasured(message: unknown): message is Measured {
  return typeof message === 'object' && message !== null && 'measured' in message;
}

/** MiB in a minute by which RSS grows, the slope of a line through all samples, and its mean. */
export function rssTrend(samples: readonly { atMs: number; memory: Memory }[]) {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const rss = samples.map(({ memory }) => memory.rss / MEBI);
  const minutes = samples.map(({ atMs }) => atMs / 60_000);
  const [meanMinute, meanRss] = [mean(minutes), mean(rss)];
  const covariance = mean(minutes.map((minute, i) => (minute - meanMinute) * ((rss[i] ?? 0) - meanRss)));
  const variance = mean(minutes.map((minute) => (minute - meanMinute) ** 2));
  return { rssMeanMiB: meanRss, rssSlopeMiBPerMinute: covariance / variance };
}

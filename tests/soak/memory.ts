import type { RoleProcess } from '../harness/role-process.ts';

/** Bytes; `heapUsed` after a forced collection. */
export interface Memory {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

interface Measured {
  readonly measured: Memory;
}

const MEBI = 1024 * 1024;
/** Samples that the beginning and the end of a run are the mean of. */
const ENDS = 3;

/** Memory of a process with heap-reporter.ts in it. */
export async function measure(role: RoleProcess): Promise<Memory> {
  const { measured } = await role.ask({ measure: true }, isMeasured);
  return measured;
}

function isMeasured(message: unknown): message is Measured {
  return typeof message === 'object' && message !== null && 'measured' in message;
}

/** What a run did to memory: heap at its end against its beginning, and the slope of RSS through all samples. */
export function memoryTrend(samples: readonly { atMs: number; memory: Memory }[]) {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const heaps = samples.map(({ memory }) => memory.heapUsed / MEBI);
  const rss = samples.map(({ memory }) => memory.rss / MEBI);
  const minutes = samples.map(({ atMs }) => atMs / 60_000);
  const [meanMinute, meanRss] = [mean(minutes), mean(rss)];
  const covariance = mean(minutes.map((minute, i) => (minute - meanMinute) * ((rss[i] ?? 0) - meanRss)));
  const variance = mean(minutes.map((minute) => (minute - meanMinute) ** 2));
  return {
    heapFirstMiB: mean(heaps.slice(0, ENDS)),
    heapLastMiB: mean(heaps.slice(-ENDS)),
    rssMeanMiB: meanRss,
    rssSlopeMiBPerMinute: covariance / variance,
  };
}

/**
 * What a bench file gives the runner. `tests/bench/<name>.bench.ts` exports what {@link Bench} says, and
 * `npm run bench -- <name>` runs its figures. A figure that is another one's limit is exported by name, so that the
 * other file can import it; the runner then measures both in the same run.
 */
export interface Figure {
  name: string;
  unit: string;
  /** What bounds this figure from below it: the value of another figure, or a fraction of it. */
  limit?: { figure: Figure; per?: number };
  /** Runs that count, where it isn't the usual number. */
  runs?: number;
  /** Sets up what one or more runs need. */
  open(): Session | Promise<Session>;
}

/** How long a load is to be kept up, for figures that tell of its windows one by one. */
export interface Sustained {
  seconds: number;
  /** Seconds from one tip to the next; 0 for one tip all the time. */
  tipEvery: number;
}

/** What a bench file exports. */
export interface Bench {
  figures: Figure[];
  /** Figures under a load that is kept up. */
  sustained?(load: Sustained): Figure[];
  /** Ends what its figures share, after the last of them. */
  close?(): Promise<void>;
}

/** What the runs of a figure showed besides its value. */
export interface Reading {
  name: string;
  unit: string;
  value: number;
}

export interface Session {
  /** One run, of a second or so at most where the load allows. The first one warms up and is not counted. */
  run(): Run | Promise<Run>;
  /** What else is to be told of the runs that counted, a line each. */
  remarks?(): string[];
  /** Further figures of all runs but the first. */
  readings?(): Reading[];
  close?(): void | Promise<void>;
}

/**
 * What a run did: operations, which the runner divides by the CPU seconds that this process used for them in
 * all its threads; or, for figures that are no rates, the value itself.
 */
export type Run =
  | {
      operations: number;
      /** CPU of a load generator in this process (its thread's `process.threadCpuUsage`), not to be counted. */
      generatorCpuUs?: number;
      /** CPU of the measured parts where they are processes of their own, counted instead of this one's. */
      cpuUs?: number;
    }
  | { value: number };

/** The value below which this part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

const LOOP_MS = 200;
const BATCH_MS = 2;

/**
 * A figure for a synchronous function: how often a core does it in a second.
 * @param open gives the function, after whatever it needs is set up
 */
export function loop(name: string, open: () => () => unknown, limit?: Figure['limit']): Figure {
  return {
    name,
    unit: 'per second and core',
    ...(limit && { limit }),
    open() {
      const operation = open();
      let batch = 1;
      return {
        run() {
          const start = performance.now();
          let operations = 0;
          for (let now = start; now < start + LOOP_MS; ) {
            const before = now;
            for (let i = 0; i < batch; i++) operation();
            operations += batch;
            now = performance.now();
            if (now - before < BATCH_MS) batch *= 2;
          }
          return { operations };
        },
      };
    },
  };
}

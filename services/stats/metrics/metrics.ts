import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ApiContext } from '../api/context.ts';
import { readFigures } from './figures.ts';

/** Figures of a side for Prometheus. */
export interface Metrics {
  /** Delays: of shares on their way into the store, of quotes, of jobs. */
  observe(what: 'share' | 'quote' | 'job', seconds: number, count: number): void;
  /** @param reason one of those that there are words for */
  rejected(reason: string, count: number): void;
  /** What the state says, beside what was counted. */
  watch(context: ApiContext): void;
  readonly contentType: string;
  /** All of it in Prometheus' text format. */
  text(): Promise<string>;
}

const HISTOGRAMS = {
  share: ['hashpool_share_delay_seconds', 'From a share to its answer, the slowest of each moment.'],
  quote: ['hashpool_quote_delay_seconds', 'From a share to its quote at the mint.'],
  job: ['hashpool_job_delay_seconds', 'From a template to the last miner that got its job.'],
} as const;
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** One event may stand for many shares; so many of them are put into the histogram at most. */
const MOST_OBSERVED = 100;

export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const histogram = ([name, help]: readonly [string, string]) =>
    new Histogram({ name, help, buckets: BUCKETS, registers });
  const histograms = {
    share: histogram(HISTOGRAMS.share),
    quote: histogram(HISTOGRAMS.quote),
    job: histogram(HISTOGRAMS.job),
  };
  const rejects = new Counter({
    name: 'hashpool_shares_rejected_by_reason_total',
    help: 'Shares rejected since this service began, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const gauges = new Map<string, Gauge | Counter>();
  let watched: ApiContext | undefined;

  async function refresh(): Promise<void> {
    if (!watched) return;
    // A figure without a value is absent: its labels are known by its values, and an old one would be a lie.
    const figures = (await readFigures(watched)).filter(({ values }) => values.length > 0);
    const names = new Set(figures.map(({ name }) => name));
    for (const name of gauges.keys()) {
      if (names.has(name)) continue;
      registry.removeSingleMetric(name);
      gauges.delete(name);
    }
    for (const { name, help, type, values } of figures) {
      const labelNames = Object.keys(values[0]?.labels ?? {});
      const options = { name, help, labelNames, registers };
      const gauge = gauges.get(name) ?? (type === 'counter' ? new Counter(options) : new Gauge(options));
      gauges.set(name, gauge);
      gauge.reset();
      for (const { labels, value } of values) gauge.inc(labels, value);
    }
  }

  return {
    observe(what, seconds, count) {
      for (let i = Math.min(count, MOST_OBSERVED); i > 0; i--) histograms[what].observe(seconds);
    },
    rejected: (reason, count) => rejects.inc({ reason }, count),
    watch(context) {
      watched = context;
    },
    contentType: registry.contentType,
    async text() {
      await refresh();
      return registry.metrics();
    },
  };
}

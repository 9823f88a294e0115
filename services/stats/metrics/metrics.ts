import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ApiContext } from '../api/context.ts';

/** Figures of a side for Prometheus. */
export interface Metrics {
  readonly registry: Registry;
  observe(what: 'share' | 'quote' | 'job', seconds: number, count: number): void;
  /** Adds what follows from the state. */
  watch(context: ApiContext): void;
}

/** Of what is measured one by one. */
const HISTOGRAMS = {
  share: ['hashpool_share_delay_seconds', 'from a share to its answer, the slowest of each moment'],
  quote: ['hashpool_quote_delay_seconds', 'from a share to its quote at the mint'],
  job: ['hashpool_job_delay_seconds', 'from a template to the last miner that got its job'],
} as const;
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const histograms = {
    share: histogram('share'),
    quote: histogram('quote'),
    job: histogram('job'),
  };
  function histogram(what: keyof typeof HISTOGRAMS) {
    const [name, help] = HISTOGRAMS[what];
    return new Histogram({ name, help, buckets: BUCKETS, registers: [registry] });
  }
  return {
    registry,
    observe(what, seconds, count) {
      for (let i = 0; i < Math.min(count, 100); i++) histograms[what].observe(seconds);
    },
    watch(context) {
      new Gauge({
        name: 'hashpool_up',
        help: '1 where all that matters works',
        registers: [registry],
        collect() {
          this.set(context.health.now.ok ? 1 : 0);
        },
      });
    },
  };
}

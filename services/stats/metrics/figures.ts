import type { ApiContext } from '../api/context.ts';
import { readStats } from '../api/routes/stats.ts';
import type { Stats } from '../api/schemas/stats.ts';
import type { RoleReport } from '../live/reports.ts';
import { epochFigures } from './epoch-figures.ts';
import { counter, type Figure, gauge, labelled } from './figure.ts';

const WINDOWS: Readonly<Record<number, string>> = { 60: '1m', 600: '10m', 3600: '1h', 86400: '24h' };

/** What the state of a side is in figures. Base units; counters end in _total. */
export async function readFigures(context: ApiContext): Promise<Figure[]> {
  const stats = await readStats(context);
  return [
    ...healthFigures(context),
    ...workFigures(stats),
    ...stateFigures(context, stats),
    ...roleFigures(context),
    ...declarationFigures(context),
    ...ownJobFigures(context),
    ...epochFigures(context),
  ];
}

function healthFigures({ health, self }: ApiContext): Figure[] {
  const { ok, dependencies } = health.now;
  const known = dependencies.filter(({ state }) => state !== 'unknown');
  const refused = Object.entries(self.refused()).map(([why, value]) => ({ labels: { why }, value }));
  return [
    gauge('up', '1 where all that matters works, as /health says.', ok ? 1 : 0),
    labelled(
      'dependency_up',
      '1 where a dependency works, 0 where it does not; absent where that is not known.',
      known.map(({ name, matters, state }) => ({
        labels: { dependency: name, matters: String(matters) },
        value: state === 'ok' ? 1 : 0,
      })),
    ),
    labelled(
      'dependency_probe_seconds',
      'How long the last probe of a dependency took.',
      known.map(({ name, latency_ms }) => ({
        labels: { dependency: name },
        value: (latency_ms ?? 0) / 1000,
      })),
    ),
    gauge('recording', '1 where the time series are written.', self.storage().state === 'ok' ? 1 : 0),
    gauge('database_bytes', 'Size of the time series on SQLite.', self.storage().bytes ?? 0),
    labelled('stats_clients_refused_total', 'Stats clients that were closed, by why.', refused, 'counter'),
  ];
}

function workFigures(stats: Stats): Figure[] {
  const { hashrates, shares, quotes } = stats;
  const rates = hashrates.flatMap(({ hs, window_seconds }) =>
    hs === null ? [] : [{ labels: { window: WINDOWS[window_seconds] ?? '' }, value: hs }],
  );
  return [
    labelled('hashrate_hashes_per_second', 'Work of accepted shares over a window, by its time.', rates),
    counter('shares_accepted', 'Shares accepted since the first record.', Number(shares.accepted)),
    counter('shares_rejected', 'Shares rejected since the first record.', Number(shares.rejected)),
    counter('work_hashes', 'Hashes that the accepted shares prove.', Number(shares.work)),
    counter('quotes_created', 'Shares that became quotes.', Number(quotes.created)),
    counter('quotes_acknowledged', 'Quotes that the mint has answered.', Number(quotes.acknowledged)),
    counter('quotes_refused', 'Quotes that the mint has refused.', Number(quotes.refused)),
    counter('ehash_created', 'Ehash of the quotes.', Number(quotes.ehash)),
  ];
}

function stateFigures({ board, clock }: ApiContext, stats: Stats): Figure[] {
  const { miners, blocks, outbox, chain, ledger, lost_events } = stats;
  const { job } = board.news.chain;
  const byState = (states: Record<string, number>) =>
    Object.entries(states).map(([state, value]) => ({ labels: { state }, value }));
  const { found, confirmed, orphaned } = blocks;
  return [
    labelled('miners', 'Miners of the last day, by state.', byState(miners)),
    gauge('workers', 'Open channels or Stratum V1 connections.', stats.workers),
    gauge('connections', 'Clients that are connected.', stats.connections),
    labelled(
      'blocks',
      'Blocks of the pool, by state; found are all.',
      byState({ found, confirmed, orphaned }),
    ),
    counter('lost_events', 'Events that no service was there to take.', Number(lost_events.count)),
    ...(outbox
      ? [
          gauge('outbox_shares', 'Shares that the mint has not acknowledged.', Number(outbox.depth)),
          gauge('outbox_oldest_seconds', 'Age of the oldest of them.', outbox.oldest_ms / 1000),
        ]
      : []),
    ...(job
      ? [gauge('template_age_seconds', 'Age of the template.', (clock() - job.received_at) / 1000)]
      : []),
    ...(chain ? [gauge('chain_height', 'Height of the tip, as the mint follows it.', chain.height)] : []),
    ...(ledger
      ? [
          gauge('ledger_quotes', "Quotes in the mint's books.", Number(ledger.quotes)),
          gauge('ledger_ehash', "Ehash in the mint's books.", Number(ledger.ehash_total)),
          gauge('ledger_ehash_waiting', 'Ehash that no wallet has minted yet.', Number(ledger.ehash_waiting)),
        ]
      : []),
  ];
}

function declarationFigures({ board }: ApiContext): Figure[] {
  const sums = board.news.declarations;
  if (sums === null) return [];
  const refused = sums.refused.map(({ reason, count }) => ({ labels: { reason }, value: Number(count) }));
  return [
    gauge('jd_clients', 'Clients of the jd-server.', sums.clients),
    counter('jd_tokens', 'Tokens given to them, since its process began.', Number(sums.tokens)),
    counter('jd_declared', 'Jobs taken, since its process began.', Number(sums.declared)),
    counter('jd_solutions', 'Blocks handed to the node, since its process began.', Number(sums.solutions)),
    labelled('jd_refused_total', 'Jobs refused, since its process began, by reason.', refused, 'counter'),
  ];
}

function ownJobFigures({ board }: ApiContext): Figure[] {
  const own = board.news.ownJobs;
  if (own === null) return [];
  const { accepted, refused, lost } = own.shares;
  const outcomes = Object.entries({ accepted, refused, lost });
  const byReason = own.refused.map(({ reason, count }) => ({ labels: { reason }, value: Number(count) }));
  return [
    labelled(
      'jdc_pool_up',
      '1 where a pool takes jobs of our own, 0 where it does not; absent where it is not tried.',
      own.pools
        .filter(({ state }) => state !== 'unknown')
        .map(({ name, state }) => ({ labels: { pool: name }, value: state === 'ok' ? 1 : 0 })),
    ),
    labelled(
      'jdc_mined_for',
      '1 for whom miners make their own jobs.',
      own.pools.map(({ name, in_use }) => ({ labels: { pool: name }, value: in_use ? 1 : 0 })),
    ),
    counter('jdc_jobs_made', 'Own jobs made for pools, since the process began.', Number(own.made)),
    counter('jdc_jobs_accepted', 'Own jobs that pools took, since the process began.', Number(own.accepted)),
    labelled(
      'jdc_refusals_total',
      'Answers that refused a job, since the process began, by reason.',
      byReason,
      'counter',
    ),
    labelled(
      'jdc_shares_total',
      'Shares of own jobs, since the process began, by what became of them.',
      outcomes.map(([outcome, count]) => ({ labels: { outcome }, value: Number(count) })),
      'counter',
    ),
    gauge('jdc_shares_waiting', 'Shares of own jobs without an answer.', own.shares.waiting),
    counter('jdc_blocks', 'Blocks found by own jobs, since the process began.', Number(own.blocks)),
    gauge('jdc_blocks_unseen', 'Of them, those that the node is not known to have.', own.blocks_unseen),
  ];
}

function roleFigures({ board }: ApiContext): Figure[] {
  const all = board.reports.all;
  const each = (name: string, help: string, value: (report: RoleReport) => number) =>
    labelled(
      `role_${name}`,
      help,
      all.map((report) => ({ labels: { role: report.role }, value: value(report) })),
    );
  return [
    each('reporting', '1 where a role reports to this service.', ({ connected }) => (connected ? 1 : 0)),
    each('start_time_seconds', 'When its process began.', ({ startedAt }) => startedAt / 1000),
    each('memory_bytes', 'Resident memory.', ({ health }) => Number(health?.memory_bytes ?? 0)),
    each('event_loop_delay_seconds', '99th percentile.', ({ health }) => (health?.loop_delay_us ?? 0) / 1e6),
    each('open_connections', 'Connections that it serves.', ({ health }) => health?.open_connections ?? 0),
    each('queue_depth', 'Calls that wait for its stores.', ({ health }) => health?.queue_depth ?? 0),
  ];
}

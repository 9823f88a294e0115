import { h, type JSX } from 'preact';
import type { Live } from '../data/live.ts';
import { roughly } from '../format/duration.ts';
import { BlocksPanel } from '../panels/blocks-panel.ts';
import { DeclarationsPanel } from '../panels/declarations-panel.ts';
import { EpochPanel } from '../panels/epoch-panel.ts';
import { EventsPanel } from '../panels/events-panel.ts';
import { HashrateFigures } from '../panels/hashrate-figures.ts';
import { HashratePanel } from '../panels/hashrate-panel.ts';
import { JobPanel } from '../panels/job-panel.ts';
import { LightsPanel } from '../panels/lights-panel.ts';
import { MinersPanel } from '../panels/miners-panel.ts';
import { OutboxPanel } from '../panels/outbox-panel.ts';
import { SharesPanel } from '../panels/shares-panel.ts';
import { Term } from '../parts/term.ts';
import { Verdict } from '../parts/verdict.ts';
import { connectToPool } from '../words/connect.ts';

/** The pool at a glance. */
export function PoolOverview({ live }: { readonly live: Live }): JSX.Element {
  const stats = live.stats.data;
  return h(
    'div',
    { class: 'grid' },
    h(Verdict, { live }),
    h(
      HashratePanel,
      {
        line: 'all miners',
        hasShares: stats?.hashrates.some(({ shares }) => shares > 0) === true,
        empty: 'The chart begins with the first share that a miner sends.',
      },
      stats !== undefined && h(HashrateFigures, { rates: stats.hashrates }),
      stats !== undefined && h(NextBlock, { seconds: stats.expected_seconds_to_block }),
    ),
    h(LightsPanel, { health: live.health }),
    h(SharesPanel, null),
    h(OutboxPanel, { stats: live.stats }),
    h(JobPanel, { job: live.job }),
    h(MinersPanel, { title: 'Miners', page: 'miners', stats, empty: connectToPool }),
    h(EventsPanel, { events: live.events, rows: 10 }),
    h('div', { class: 'third column' }, h(EpochPanel, null), h(DeclarationsPanel, null)),
    h(BlocksPanel, { rows: 10 }),
  );
}

function NextBlock({ seconds }: { readonly seconds: number | null }): JSX.Element {
  return h(
    'p',
    { class: 'next-block muted' },
    h(Term, { of: 'timeToBlock' }),
    ': ',
    seconds === null ? 'not known without shares and work' : h('strong', null, roughly(seconds)),
    seconds !== null && ', at the mean of the last hour',
  );
}

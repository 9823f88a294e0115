import { h, type JSX } from 'preact';
import type { Rejected } from '../../services/stats/api/schemas/rejected.ts';
import type { Live } from '../data/live.ts';
import { useApi } from '../data/use-api.ts';
import { percent } from '../format/amount.ts';
import { EventsPanel } from '../panels/events-panel.ts';
import { HashrateFigures } from '../panels/hashrate-figures.ts';
import { HashratePanel } from '../panels/hashrate-panel.ts';
import { LightsPanel } from '../panels/lights-panel.ts';
import { MinersPanel } from '../panels/miners-panel.ts';
import { OwnJobsPanel } from '../panels/own-jobs-panel.ts';
import { SharesPanel } from '../panels/shares-panel.ts';
import { UpstreamPanel } from '../panels/upstream-panel.ts';
import { WalletPanel } from '../panels/wallet-panel.ts';
import { Term } from '../parts/term.ts';
import { Verdict } from '../parts/verdict.ts';
import { connectDevice } from '../words/connect.ts';

/** One's own miners at a glance. */
export function ProxyOverview({ live }: { readonly live: Live }): JSX.Element {
  const stats = live.stats.data;
  return h(
    'div',
    { class: 'grid' },
    h(Verdict, { live }),
    h(
      HashratePanel,
      {
        title: 'My hashrate',
        line: 'credited by the pool',
        hasShares: stats?.hashrates.some(({ shares }) => shares > 0) === true,
        withFound: true,
        empty: connectDevice(),
      },
      stats !== undefined && h(HashrateFigures, { rates: stats.hashrates }),
      h(Credit, null),
    ),
    h(
      'div',
      { class: 'third column' },
      h(UpstreamPanel, { health: live.health }),
      h(OwnJobsPanel, null),
      h(WalletPanel, null),
    ),
    h(MinersPanel, { title: 'Devices', page: 'devices', stats, empty: connectDevice() }),
    h(LightsPanel, { health: live.health }),
    h(SharesPanel, { size: 'half small-one' }),
    h(EventsPanel, { events: live.events, size: 'half small-one', rows: 8 }),
  );
}

/** What the pool pays of what one's devices found. */
function Credit(): JSX.Element | null {
  const { data } = useApi<Rejected>('api/shares/rejected?hours=1');
  if (data === undefined || data.accepted + data.rejected === 0) return null;
  return h(
    'p',
    { class: 'next-block muted' },
    'Of all shares in the last hour, ',
    h('strong', null, percent(data.accepted, data.accepted + data.rejected)),
    ' were ',
    h(Term, { of: 'credited' }),
  );
}

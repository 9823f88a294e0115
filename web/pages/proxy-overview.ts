import { h, type JSX } from 'preact';
import type { Live } from '../data/live.ts';
import { EventsPanel } from '../panels/events-panel.ts';
import { HashrateFigures } from '../panels/hashrate-figures.ts';
import { HashratePanel } from '../panels/hashrate-panel.ts';
import { LightsPanel } from '../panels/lights-panel.ts';
import { MinersPanel } from '../panels/miners-panel.ts';
import { SharesPanel } from '../panels/shares-panel.ts';
import { UpstreamPanel } from '../panels/upstream-panel.ts';
import { WalletPanel } from '../panels/wallet-panel.ts';
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
      { title: 'My hashrate', line: 'my devices', empty: connectDevice() },
      stats !== undefined && h(HashrateFigures, { rates: stats.hashrates }),
    ),
    h(UpstreamPanel, { health: live.health }),
    h(MinersPanel, { title: 'Devices', page: 'devices', stats, empty: connectDevice() }),
    h(WalletPanel, null),
    h(SharesPanel, null),
    h(EventsPanel, { events: live.events, rows: 8 }),
    h(LightsPanel, { health: live.health }),
  );
}

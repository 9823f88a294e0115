import { type ComponentChildren, h, type JSX, render } from 'preact';
import { startLive, useLive } from './data/live.ts';
import { ConnectPage } from './pages/connect.ts';
import { EventsPage } from './pages/events.ts';
import { HealthPage } from './pages/health.ts';
import { MinerPage } from './pages/miner.ts';
import { MinersPage } from './pages/miners.ts';
import { ProxyOverview } from './pages/proxy-overview.ts';
import { WalletPage } from './pages/wallet.ts';
import { Foot } from './parts/foot.ts';
import { Frame } from './parts/frame.ts';
import { Title } from './parts/title.ts';
import { useRoute } from './route.ts';
import { connectDevice } from './words/connect.ts';

const links = [
  ['', 'Overview'],
  ['devices', 'Devices'],
  ['wallet', 'Wallet'],
  ['connect', 'Connect'],
  ['events', 'Events'],
  ['health', 'Health'],
] as const;

/** The dashboard of whoever mines. */
function ProxyDashboard(): JSX.Element {
  const { page, of } = useRoute();
  const live = useLive();
  const pages: Record<string, () => ComponentChildren> = {
    '': () => h(ProxyOverview, { live }),
    devices: () =>
      of === undefined
        ? h(MinersPage, { title: 'Devices', page: 'devices', empty: connectDevice() })
        : h(MinerPage, { key: of, id: of, back: ['devices', 'all devices'] }),
    wallet: () => h(WalletPage, null),
    connect: () => h(ConnectPage, null),
    events: () => h(EventsPage, null),
    health: () => h(HealthPage, { live, of }),
  };
  const shown = pages[page] ?? (() => h(Title, { title: 'There is no such page' }));
  return h(
    Frame,
    { side: 'My miners', links, page, live, foot: h(Foot, { stats: live.stats.data }) },
    shown(),
  );
}

const place = document.getElementById('dashboard');
if (place !== null) {
  startLive();
  render(h(ProxyDashboard, null), place);
}

import { type ComponentChildren, h, type JSX, render } from 'preact';
import { startLive, useLive } from './data/live.ts';
import { EpochsPage } from './pages/epochs.ts';
import { EventsPage } from './pages/events.ts';
import { HealthPage } from './pages/health.ts';
import { MinerPage } from './pages/miner.ts';
import { MinersPage } from './pages/miners.ts';
import { PoolOverview } from './pages/pool-overview.ts';
import { BlocksPanel } from './panels/blocks-panel.ts';
import { Foot } from './parts/foot.ts';
import { Frame } from './parts/frame.ts';
import { Title } from './parts/title.ts';
import { useRoute } from './route.ts';
import { connectToPool } from './words/connect.ts';

const BLOCKS_A_PAGE = 50;

const links = [
  ['', 'Overview'],
  ['miners', 'Miners'],
  ['blocks', 'Blocks'],
  ['epochs', 'Epochs'],
  ['events', 'Events'],
  ['health', 'Health'],
] as const;

/** The pool's dashboard. */
function PoolDashboard(): JSX.Element {
  const { page, of } = useRoute();
  const live = useLive();
  const pages: Record<string, () => ComponentChildren> = {
    '': () => h(PoolOverview, { live }),
    miners: () =>
      of === undefined
        ? h(MinersPage, { title: 'Miners', page: 'miners', empty: connectToPool })
        : h(MinerPage, { key: of, id: of, back: ['miners', 'all miners'] }),
    blocks: () =>
      h('div', null, h(Title, { title: 'Blocks' }), h(BlocksPanel, { rows: BLOCKS_A_PAGE, hasPages: true })),
    epochs: () => h(EpochsPage, null),
    events: () => h(EventsPage, null),
    health: () => h(HealthPage, { live, of }),
  };
  const shown = pages[page] ?? (() => h(Title, { title: 'There is no such page' }));
  return h(Frame, { side: 'Pool', links, page, live, foot: h(Foot, { stats: live.stats.data }) }, shown());
}

const place = document.getElementById('dashboard');
if (place !== null) {
  startLive();
  render(h(PoolDashboard, null), place);
}

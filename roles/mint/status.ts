import type { WorkLinkServer } from '../../services/work-link/server.ts';
import type { ChainView } from './chain/chain-view.ts';
import type { ChainWatcher } from './chain/watcher.ts';
import type { Engine } from './engine.ts';
import type { MintContext } from './start.ts';

const INTERVAL_MS = 1_000;

/** Says once a second, where it has changed, what the mint is doing and how its sums stand. */
export function reportStatus(
  context: MintContext,
  engine: Engine,
  chain: ChainView,
  watcher: ChainWatcher,
  workLink: WorkLinkServer,
) {
  let said = '';
  const say = () => {
    const text = statusText(chain, watcher, workLink);
    const figures = { ...engine.figures.values, ...watcher.figures };
    const now = `${text} ${Object.values(figures).join(' ')}`;
    if (now !== said) context.status(text, figures);
    said = now;
  };
  say();
  const timer = setInterval(say, INTERVAL_MS);
  return { close: () => clearInterval(timer) };
}

function statusText(chain: ChainView, watcher: ChainWatcher, workLink: WorkLinkServer): string {
  const { tip } = chain;
  if (!tip) return `waiting for bitcoind: ${chain.trouble}`;
  if (tip.isSyncing) return `waiting for bitcoind, which is at block ${tip.height} and still syncing`;
  const linked = `${workLink.links} ${workLink.links === 1 ? 'pool' : 'pools'} linked`;
  const trouble = watcher.trouble && `; the chain is not followed: ${watcher.trouble}`;
  return `at block ${tip.height}, ${linked}${trouble}`;
}

import type { WorkLinkServer } from '../../../services/work-link/server.ts';
import type { ChainWatcher } from '../chain/watcher.ts';
import type { Engine } from '../engine.ts';
import type { Pool } from '../pools.ts';
import type { MintContext } from '../start.ts';
import { CoinbasePayouts } from './payouts.ts';

export interface OpenCoinbasePayouts {
  readonly engine: Engine;
  readonly pools: readonly Pool[];
  readonly watcher: Pick<ChainWatcher, 'listen'>;
  readonly workLink: WorkLinkServer;
  readonly confirmations: number;
}

/** Lets payouts in coinbases follow the chain, the shares that turn out to be blocks, and the pools whose links come up. */
export async function openCoinbasePayouts(
  { config, log, open }: Pick<MintContext, 'config' | 'log' | 'open'>,
  { watcher, ...parts }: OpenCoinbasePayouts,
): Promise<CoinbasePayouts> {
  const payouts = await open(
    'coinbase payouts',
    () => new CoinbasePayouts({ ...parts, config: config.coinbase_payouts, log }),
  );
  const run = () => void payouts.run();
  watcher.listen({ onChainTip: run });
  parts.engine.events.on('pool-block', run);
  parts.engine.events.on('payout-room', () => void payouts.tellAll());
  return payouts;
}

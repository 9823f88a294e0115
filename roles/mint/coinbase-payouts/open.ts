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

/** Lets payouts in coinbases follow the chain, and be told to pools whose links come up. */
export async function openCoinbasePayouts(
  { config, log, open }: Pick<MintContext, 'config' | 'log' | 'open'>,
  { watcher, ...parts }: OpenCoinbasePayouts,
): Promise<CoinbasePayouts> {
  const { issuance, events } = parts.engine;
  const isStopped = () => issuance.stopped !== undefined || issuance.isHeld;
  const payouts = await open(
    'coinbase payouts',
    () => new CoinbasePayouts({ ...parts, isStopped, config: config.coinbase_payouts, log }),
  );
  watcher.listen({ onChainTip: () => void payouts.run() });
  events.on('payout-room', () => void payouts.tellAll());
  return payouts;
}

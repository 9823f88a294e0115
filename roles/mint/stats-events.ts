import { messageOf } from '../../protocols/errors.ts';
import { openStatsClient, type StatsClient } from '../../services/stats/client/client.ts';
import type { RoleHealth } from '../../services/stats/client/process-health.ts';
import type { WorkLinkServer } from '../../services/work-link/server.ts';
import type { ChainView } from './chain/chain-view.ts';
import type { ChainWatcher } from './chain/watcher.ts';
import type { Engine } from './engine.ts';
import type { MintContext } from './start.ts';
import type { PoolBlock } from './store/chain.ts';

const LEDGER_MS = 2_000;

interface Parts {
  readonly engine: Engine;
  readonly chain: ChainView;
  readonly watcher: ChainWatcher;
  readonly workLink: WorkLinkServer;
}

/** Reports to the stats service that the config names: the chain, the pools' blocks, the sums of the books. */
export function openMintStats({ config, log }: MintContext, parts: Parts): { close(): Promise<void> } {
  if (config.stats.stats_server_address === undefined) return { close: async () => undefined };
  const { engine, watcher } = parts;
  let storeTrouble: string | undefined;
  const client = openStatsClient({
    role: 'mint',
    config: config.stats,
    log,
    health: () => mintHealth(parts, storeTrouble),
  });
  watcher.listen({
    onChainTip: ({ hashLe, height }) =>
      client.send({ name: 'ChainTip', at: BigInt(Date.now()), block_hash: hashLe, height }),
    onBlockFound: (block) => sendBlock(client, 'BlockInChain', block),
    onBlockConfirmed: (block) => sendBlock(client, 'BlockConfirmed', block),
    onBlockOrphaned: ({ hashLe, height }) =>
      client.send({ name: 'BlockOrphaned', at: BigInt(Date.now()), block_hash: hashLe, height }),
  });
  const tellLedger = async (): Promise<void> => {
    try {
      const { quotes, ehash_total, ehash_waiting, ehash_issued } = await engine.figures();
      const sums = { quotes: BigInt(quotes), ehash_total, ehash_waiting, ehash_issued };
      client.send({ name: 'LedgerSums', at: BigInt(Date.now()), ...sums });
      storeTrouble = undefined;
    } catch (error) {
      storeTrouble = messageOf(error);
    }
  };
  const timer = setInterval(() => void tellLedger(), LEDGER_MS);
  void tellLedger();
  return {
    async close() {
      clearInterval(timer);
      await client.close();
    },
  };
}

function sendBlock(client: StatsClient, name: 'BlockInChain' | 'BlockConfirmed', block: PoolBlock): void {
  const { hashLe, height, confirmations, value = 0n } = block;
  const at = BigInt(Date.now());
  client.send({ name, at, block_hash: hashLe, height, confirmations, value_sat: value });
}

function mintHealth(
  { engine, chain, watcher, workLink }: Parts,
  storeTrouble: string | undefined,
): RoleHealth {
  const { stopped } = engine.issuance;
  const { tip } = chain;
  const follows = tip ? watcher.trouble : `waiting for bitcoind: ${chain.trouble}`;
  const link = (name: string, trouble: string | undefined, well: string) =>
    ({ name, state: trouble ? 'failing' : 'ok', why: trouble || well }) as const;
  return {
    status: stopped ? `signing is stopped: ${stopped}` : `at block ${tip?.height ?? '?'}`,
    openConnections: workLink.links,
    links: [
      link('store', storeTrouble, 'answers'),
      link('books', stopped, 'add up'),
      link('chain', follows, `followed to block ${tip?.height}`),
    ],
  };
}

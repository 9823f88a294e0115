import { fromHex, reversed } from '../../protocols/bytes.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { StatsMessageOf } from '../../protocols/stats/messages.ts';
import { openStatsClient, type StatsClient } from '../../services/stats/client/client.ts';
import type { RoleHealth } from '../../services/stats/client/process-health.ts';
import type { WorkLinkServer } from '../../services/work-link/server.ts';
import type { ChainView } from './chain/chain-view.ts';
import type { ChainWatcher } from './chain/watcher.ts';
import type { CoinbasePayouts, WaitingPayouts } from './coinbase-payouts/payouts.ts';
import type { Engine } from './engine.ts';
import { EpochTeller } from './epoch-teller.ts';
import type { Reporter } from './reports/reporter.ts';
import type { MintContext } from './start.ts';
import type { PoolBlock } from './store/chain.ts';
import { isLost } from './store/epochs.ts';
import type { Standing, Watchdog } from './watchdog/watchdog.ts';

const LEDGER_MS = 2_000;
/** Epochs are many and change with the chain: they are looked at once in so many times. */
const EPOCHS_EVERY = 3;

interface Parts {
  readonly engine: Engine;
  readonly chain: ChainView;
  readonly watcher: ChainWatcher;
  readonly workLink: WorkLinkServer;
  readonly watchdog: Pick<Watchdog, 'standing'>;
  readonly coinbasePayouts: Pick<CoinbasePayouts, 'waiting'>;
  readonly reporter: Pick<Reporter, 'figures'>;
  /** Confirmations that make a boundary final. */
  readonly confirmations: number;
}

/** Reports to the stats service that the config names: the chain, the pools' blocks and epochs, the sums of the books. */
export function openMintStats({ config, log }: MintContext, parts: Parts): { close(): Promise<void> } {
  if (config.stats.stats_server_address === undefined) return { close: async () => undefined };
  const { engine } = parts;
  let storeTrouble: string | undefined;
  const client = openStatsClient({
    role: 'mint',
    config: config.stats,
    log,
    health: () => mintHealth(parts, storeTrouble),
  });
  tellChain(client, parts);
  const tellEpochs = epochsTo(client, parts);
  let tellings = 0;
  const tellLedger = async (): Promise<void> => {
    try {
      const { quotes, ehash_total, ehash_waiting, ehash_issued } = await engine.figures();
      const sums = { quotes: BigInt(quotes), ehash_total, ehash_waiting, ehash_issued };
      client.send({ name: 'LedgerSums', at: BigInt(Date.now()), ...sums });
      if (tellings++ % EPOCHS_EVERY === 0) await tellEpochs();
      storeTrouble = undefined;
    } catch (error) {
      storeTrouble = messageOf(error);
    }
  };
  let telling: Promise<void> | undefined;
  const tell = (): void => {
    telling ??= tellLedger().finally(() => {
      telling = undefined;
    });
  };
  const timer = setInterval(tell, LEDGER_MS);
  tell();
  return {
    async close() {
      clearInterval(timer);
      await telling;
      await client.close();
    },
  };
}

function tellChain(client: StatsClient, { chain, watcher }: Parts): void {
  const tellTip = ({ hashLe, height }: { hashLe: Uint8Array; height: number }): void =>
    client.send({ name: 'ChainTip', at: BigInt(Date.now()), block_hash: hashLe, height });
  // The one that was followed before anybody could listen is told now.
  const { tip } = chain;
  if (tip) tellTip({ hashLe: reversed(fromHex(tip.hashBe)), height: tip.height });
  watcher.listen({
    onChainTip: tellTip,
    onBlockFound: (block) => sendBlock(client, 'BlockInChain', block),
    onBlockConfirmed: (block) => sendBlock(client, 'BlockConfirmed', block),
    onBlockOrphaned: ({ hashLe, height }) =>
      client.send({ name: 'BlockOrphaned', at: BigInt(Date.now()), block_hash: hashLe, height }),
  });
}

/** Tells what has changed of the epochs and of the books of sats, whenever it is called. */
function epochsTo(client: StatsClient, parts: Parts): () => Promise<void> {
  const { engine, watcher, watchdog, coinbasePayouts, reporter } = parts;
  const epochs = new EpochTeller({
    ...parts,
    height: () => watcher.height,
    send: (message) => client.send(message),
    clock: Date.now,
  });
  let told = '';
  let toldReports = '';
  return async () => {
    await epochs.tell();
    const reports = await reporter.figures();
    const reportKey = Object.values(reports).join(' ');
    if (reportKey !== toldReports) client.send(reportSums(reports));
    toldReports = reportKey;
    // The watchdog reads whole tables, every ten minutes; what is owed for ehash follows at once.
    const owedForEhash = await engine.store.call('owedForEhash', null);
    const { standing } = watchdog;
    const { waiting } = coinbasePayouts;
    const key = `${standing?.at} ${owedForEhash} ${waiting.balances} ${waiting.sats}`;
    if (!standing || key === told) return;
    told = key;
    client.send(satSums(standing, owedForEhash, waiting));
  };
}

function sendBlock(client: StatsClient, name: 'BlockInChain' | 'BlockConfirmed', block: PoolBlock): void {
  const { hashLe, height, confirmations, value = 0n } = block;
  const at = BigInt(Date.now());
  client.send({ name, at, block_hash: hashLe, height, confirmations, value_sat: value });
}

function satSums(
  { at, owed, held, balances }: Standing,
  owedForEhash: bigint,
  waiting: WaitingPayouts,
): StatsMessageOf<'SatSums'> {
  return {
    name: 'SatSums',
    at: BigInt(at),
    owed_sat: owed,
    owed_ehash: owedForEhash,
    is_reserve_known: held === undefined ? 0 : 1,
    reserve_sat: held ?? 0n,
    fees_sat: balances.fees,
    dust_sat: balances.dust,
    expired_sat: balances.expired,
    carried_sat: balances.carried,
    coinbase_balances: waiting.balances,
    coinbase_sat: waiting.sats,
  };
}

function reportSums(reports: Awaited<ReturnType<Reporter['figures']>>): StatsMessageOf<'ReportSums'> {
  const { number, height, due, failed, samplesDue, provenSats } = reports;
  return {
    name: 'ReportSums',
    at: BigInt(Date.now()),
    ...{ number, height, due },
    failed: BigInt(failed),
    samples_due: samplesDue,
    proven_sat: provenSats,
  };
}

function mintHealth(
  { engine, chain, watcher, workLink, coinbasePayouts }: Parts,
  storeTrouble: string | undefined,
): RoleHealth {
  const { stopped } = engine.issuance;
  const { tip } = chain;
  const lost = engine.epochs.all.filter(isLost).map(({ unit }) => unit);
  const stranded = `${lost.join(', ')} is stranded: nothing of its pool is minted until it is merged`;
  const follows = tip ? watcher.trouble : `waiting for bitcoind: ${chain.trouble}`;
  const { balances, sats, trouble } = coinbasePayouts.waiting;
  const link = (name: string, trouble: string | undefined, well: string) =>
    ({ name, state: trouble ? 'failing' : 'ok', why: trouble || well }) as const;
  return {
    status: stopped ? `signing is stopped: ${stopped}` : `at block ${tip?.height ?? '?'}`,
    openConnections: workLink.links,
    links: [
      link('store', storeTrouble, 'answers'),
      link('books', stopped, 'add up'),
      link('epochs', lost.length > 0 ? stranded : undefined, 'follow the chain'),
      ...(balances > 0 || trouble !== ''
        ? [link('payouts', trouble, `${balances} of ${sats} sats wait for a coinbase`)]
        : []),
      link('chain', follows, `followed to block ${tip?.height}`),
    ],
  };
}

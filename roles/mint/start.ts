import { CONFIRMATIONS } from '../../domain/chain/confirmations.ts';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import type { Terms } from '../../protocols/ehash/work-link.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { decodeAuthorityPublicKey, decodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { ConfigError } from '../../runtime/config/load.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { subscribe } from '../../runtime/zmq.ts';
import {
  openWorkLinkServer,
  type WorkLinkServer,
  type WorkLinkServerOptions,
} from '../../services/work-link/server.ts';
import { AutoPayouts } from './auto-payouts.ts';
import { type CashuApiParts, cashuApi } from './cashu-api.ts';
import { ChainView } from './chain/chain-view.ts';
import { ChainWatcher } from './chain/watcher.ts';
import { openCoinbasePayouts } from './coinbase-payouts/open.ts';
import type { MintConfig, SharedConfig } from './config.ts';
import { Engine } from './engine.ts';
import { EpochKeeper } from './epoch-keeper.ts';
import { firstEpochs, termsOfNew, warnOfFixedTerms } from './first-epochs.ts';
import { LightningRewards } from './lightning-rewards.ts';
import { Losses } from './losses.ts';
import { checkRewardScripts } from './payments/reward-scripts.ts';
import { startPayments } from './payments/start-payments.ts';
import { openPeers } from './peers.ts';
import { type Pool, poolOf, readPools } from './pools.ts';
import { Pricing } from './pricing.ts';
import { openTrees } from './reports/open-trees.ts';
import { Reporter } from './reports/reporter.ts';
import { Sampler } from './reports/sampler.ts';
import { openMintStats } from './stats-events.ts';
import { reportStatus } from './status.ts';
import type { PoolBlock } from './store/chain.ts';
import { Watchdog } from './watchdog/watchdog.ts';
import { WorkIntake } from './work-intake/intake.ts';
import { Stamper, type Stamps } from './work-intake/stamper.ts';
import { WaitingRoom } from './work-intake/waiting-work.ts';

export type MintContext = RoleContext<MintConfig, SharedConfig>;

/** The parts of a running mint, as tests reach them. */
export interface Mint {
  readonly engine: Engine;
  readonly chain: ChainView;
  readonly watcher: ChainWatcher;
  /** Where the Cashu API listens. */
  readonly url: string;
  readonly workLink: WorkLinkServer;
}

/**
 * Starts the mint: store and signer, which tests itself; the chain; the Cashu API; the work link. A node that is
 * not there is waited for: until it is, the first epoch stays closed and says so.
 */
export async function start(context: MintContext): Promise<Mint> {
  const { config, shared, log } = context;
  const engine = await context.open('store and signer', () => openEngine(context));
  // Until the watchdog has compared the books.
  engine.issuance.hold();
  const { rpc_url: url, rpc_auth, network, zmq_blocks: zmqBlocks } = shared.bitcoin;
  const { curve } = await loadCrypto();
  const pools = await readPools(config.pool, context.read, engine.signer, { network, curve });
  warnOfFixedTerms(engine, pools, config.ehash, log);

  const rpc = bitcoinRpc({ url, auth: context.read(rpc_auth) });
  const chain = new ChainView(rpc, network, log);
  const losses = await Losses.open(engine, log);
  const confirmations = config.ehash.confirmations ?? CONFIRMATIONS[network];
  const terms = (pool: Pick<Pool, 'feePpm'>) => termsOfNew(config.ehash, pool);
  const keeper = new EpochKeeper({ engine, pools, terms, confirmations, losses, log });
  const watcher = await context.open('chain watcher', () => {
    const onFollowed = () => keeper.arrange();
    return ChainWatcher.open({ chain, store: engine.store, pools, confirmations, onFollowed, log });
  });
  const follow = () => watcher.follow();
  const stamps = new Stamper({ ...engine, chain, pools, confirmations, follow });
  engine.events.on('keysets-changed', () => stamps.forget());
  const waiting = await context.open(
    'waiting work',
    () => new WaitingRoom({ engine, chain, stamps, losses, clock: Date.now, log }),
  );
  // Closed before what may wait for the node's answer.
  await context.open('chain', () => chain);
  let sampler: Sampler | undefined;
  const onShownShares: WorkLinkParts['onShownShares'] = (poolId, shares) => sampler?.take(poolId, shares);
  const linked = { engine, chain, stamps, watcher, losses, waiting, pools, onShownShares };
  const workLink = await openWorkLink(context, linked);

  const { events } = engine;
  const tell = (block: PoolBlock) => events.emit('pool-block', block);
  watcher.listen({ onBlockFound: tell, onBlockConfirmed: tell, onBlockOrphaned: tell });
  events.on('pool-block', (block) => workLink.sendBlock(block.poolId, block));
  events.on('keysets-changed', () => workLink.broadcastTerms());
  const openEpochs = firstEpochs(engine, pools, config.ehash, log);
  chain.onTip(async (tip) => {
    await losses.onTip(tip);
    await openEpochs(tip);
    // Also where the node comes back with the tip that it had.
    void watcher.follow().then(() => waiting.recheck());
  });
  // Also where the tip could not be followed at first.
  watcher.listen({ onChainTip: () => void waiting.recheck() });
  const tip = () => chain.tip?.height;
  const autoPayouts = new AutoPayouts({ engine, network, terms: config.auto_payout, log });
  const payoutParts = { engine, pools, watcher, workLink, confirmations };
  const coinbasePayouts = await openCoinbasePayouts(context, payoutParts);
  // What is credited is held for coinbases before it is looked at for the chain.
  const credit = () => autoPayouts.credit().then(() => coinbasePayouts.run());
  const pricing = await context.open(
    'prices',
    () =>
      new Pricing({
        engine,
        height: () => watcher.height,
        isCarried: config.ehash.unredeemed === 'next',
        settle: () => waiting.recheck(),
        credit,
        log,
      }),
  );
  watcher.listen({ onChainTip: () => void pricing.run() });
  const trees = await context.open('trees of reports', () => openTrees(databaseOf(context), engine.signer));
  await chain.start();
  if (zmqBlocks !== undefined) {
    const notices = { name: "the node's notices of blocks", address: zmqBlocks, topic: 'hashblock', log };
    await context.open('notices of blocks', () => subscribe({ ...notices, onNews: () => chain.look() }));
  }
  await context.open('peers', () => openPeers(databaseOf(context), engine, log));

  const payments = await startPayments(context, engine);
  const backends = [...(payments?.methods.values() ?? [])].map(({ backend }) => backend);
  const reports = { engine, trees, pools, backends, tip: () => chain.tip, log };
  const reporter = await context.open('reports', () => new Reporter(reports));
  const samples = { engine, trees, workLink, height: tip, confirmations, log };
  sampler = await context.open('samples', () => new Sampler(samples));
  const watchdog = await context.open('watchdog', () =>
    Watchdog.open({ place: databaseOf(context), issuance: engine.issuance, backends, log }),
  );
  const http = await context.open('Cashu API', () =>
    listen(context, { engine, payments, autoPayouts, trees, tip }),
  );
  const bolt11 = payments?.methods.get('bolt11')?.backend;
  if (bolt11) {
    const parts = { engine, pools, backend: bolt11, tip: () => chain.tip, terms, log };
    const rewards = await context.open('Lightning rewards', () => new LightningRewards(parts));
    watcher.listen({ onChainTip: () => void rewards.run() });
  }
  await context.open('reward scripts', () =>
    checkRewardScripts({ config: config.pool, pools, backends, log, fail: context.fail }),
  );
  await context.open('status', () =>
    reportStatus(context, { engine, chain, watcher, losses, workLink, payments, coinbasePayouts }),
  );
  await context.open('stats', () =>
    openMintStats(context, {
      ...{ engine, chain, watcher, workLink, watchdog },
      ...{ coinbasePayouts, reporter, confirmations },
    }),
  );
  context.watch('store', () => engine.ping());
  context.watch('signer', () => engine.signer.arePoints([engine.signer.identity]));
  return { engine, chain, watcher, url: http.url, workLink };
}

/** A PostgreSQL URL, which may hold a password, or the path of a SQLite file. */
function databaseOf({ config, read, statePath }: MintContext): string {
  const { database, db_path } = config.hashpool_mint;
  return database ? read(database) : (process.env['CDK_MINT_DB_PATH'] ?? statePath(db_path));
}

/** Where the journal is kept; undefined for none. */
function journalOf({ config, statePath }: MintContext): string | undefined {
  const path = config.backup?.journal_path;
  return path === undefined ? undefined : statePath(path);
}

/** The seed goes from its file to the signer's threads; nothing here keeps it. */
async function openEngine(context: MintContext): Promise<Engine> {
  const { config, read, log } = context;
  const path = databaseOf(context);
  const onListenerError = (error: unknown) =>
    log.error({ err: error }, 'a change of a quote or proof was not told');
  try {
    const seed = read(config.hashpool_mint.seed);
    return await Engine.open({ path, seed, journalFolder: journalOf(context), onListenerError });
  } catch (error) {
    if (!isHashpoolError(error, 'bad-seed', 'wrong-seed')) throw error;
    throw new ConfigError(`[hashpool_mint] seed = ${config.hashpool_mint.seed}: ${error.message}`, {
      cause: error,
    });
  }
}

async function listen(
  { config, log }: MintContext,
  parts: Pick<CashuApiParts, 'engine' | 'payments' | 'autoPayouts' | 'trees' | 'tip'>,
): Promise<{ url: string; close(): Promise<void> }> {
  const http = cashuApi({ ...parts, config, log });
  const url = await http.listen({ host: config.info.listen_host, port: config.info.listen_port });
  return { url, close: () => http.close() };
}

interface WorkLinkParts {
  readonly onShownShares: NonNullable<WorkLinkServerOptions['onShownShares']>;
  readonly engine: Engine;
  readonly chain: ChainView;
  readonly stamps: Stamps;
  readonly watcher: ChainWatcher;
  readonly losses: Losses;
  readonly waiting: WaitingRoom;
  readonly pools: readonly Pool[];
}

async function openWorkLink(
  context: MintContext,
  { engine, chain, stamps, watcher, losses, waiting, pools, onShownShares }: WorkLinkParts,
): Promise<WorkLinkServer> {
  const { config, log, read } = context;
  const { listen_address, authority_public_key, authority_secret_key, cert_validity_sec } = config.work_link;
  const { hash } = await loadCrypto();
  const workPerHour = new Map(pools.map(({ poolId, workPerHour }) => [toHex(poolId), workPerHour]));
  const judging = { engine, chain, stamps, losses, waiting, hash, log };
  const intake = new WorkIntake({ ...judging, clock: Date.now, workPerHour });
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  const port = listen_address.slice(listen_address.lastIndexOf(':') + 1);
  const host = listen_address.slice(0, -port.length - 1).replace(/^\[|\]$/g, '');
  return context.open('work link', () =>
    openWorkLinkServer({
      host,
      port: Number(port),
      keys: {
        publicKey: decodeAuthorityPublicKey(read(authority_public_key)),
        secretKey: decodeAuthoritySecretKey(read(authority_secret_key)),
      },
      certificateSeconds: cert_validity_sec,
      workers,
      log,
      issuers: (poolId) => poolOf(pools, poolId),
      closed: () => losses.frozen,
      terms: (poolId) => termsOf(engine, poolId),
      blocks: (poolId) => watcher.blocksOf(poolId),
      lease: (request) => engine.lease(request),
      onShownShares,
      onPayoutRoom: () => engine.events.emit('payout-room', {}),
      onWork: (poolId, outboxId, firstSeq, records) => intake.take(poolId, outboxId, firstSeq, records),
    }),
  );
}

function termsOf(engine: Engine, poolId: Uint8Array): Terms | undefined {
  const epoch = engine.epochs.current(poolId);
  if (!epoch) return undefined;
  const { policy, minimumDifficulty, unit, keysetId } = epoch;
  return { policy, minimumDifficulty, unit, keysetId: fromHex(keysetId) };
}

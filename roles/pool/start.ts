import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import type { CoinbasePayouts } from '../../protocols/ehash/work-link.ts';
import { messageOf } from '../../protocols/errors.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { ConfigError } from '../../runtime/config/load.ts';
import { type Crypto, loadCrypto } from '../../runtime/crypto.ts';
import { tuneHeap } from '../../runtime/heap.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { Figures } from '../../runtime/notify.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { CustomJobs } from '../../services/mining-server/custom-jobs.ts';
import { type MiningServer, openMiningServer } from '../../services/mining-server/server.ts';
import { foundBlock } from '../../services/template-client/found-block.ts';
import type { PoolConfig, PoolShared } from './config.ts';
import { openCustomJobs } from './custom-jobs.ts';
import { FoundBlocks } from './found-blocks.ts';
import { awaitNewNames } from './new-names.ts';
import { Outbox } from './outbox/outbox.ts';
import { awaitPlannedMove } from './planned-move.ts';
import { openQuotePath, type QuotePath } from './quote-path.ts';
import { type PoolSettings, readSettings, type SourceSettings } from './settings.ts';
import type { Source, SourceParts } from './source.ts';
import { watchSource } from './stale-work.ts';
import { openPoolStats, type PoolStats, poolHealth } from './stats-events.ts';
import { PoolStatus } from './status.ts';
import { upstreamSource } from './sv1-upstream/source.ts';
import { templateSource } from './template-source.ts';
import { TipShares } from './tip-shares.ts';
import { UnknownBlock } from './unknown-block.ts';
import { WorkSource } from './work-source.ts';

type PoolContext = RoleContext<PoolConfig, PoolShared>;

/** What the pool's parts have in common. */
interface Pool {
  readonly context: PoolContext;
  readonly settings: PoolSettings;
  readonly crypto: Crypto;
  readonly workers: HandshakeWorkers;
  readonly outbox: Outbox;
  readonly shares: TipShares;
  readonly source: Source;
  readonly status: PoolStatus;
  readonly blocks: FoundBlocks;
  readonly stats: PoolStats;
}

/** Starts the pool: outbox, source of work, quote path, mining server; each uses those before it. */
export async function startPool(context: PoolContext): Promise<MiningServer> {
  tuneHeap();
  const { config, log } = context;
  const crypto = await loadCrypto();
  const settings = readSettings(config, context.shared, context.read, crypto.curve);
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  const outbox = await context.open('outbox', () => Outbox.open(context.statePath(config.db_path)));
  context.watch('outbox', () => outbox.ping());
  const shares = new TipShares({
    hash: crypto.hash,
    log,
    storedEarlier: (prevHash) => outbox.storedEarlier(prevHash),
  });
  let pool: Pool | undefined;
  let server: MiningServer | undefined;
  const publish = (text: string, figures: Figures) => context.status(text, figures);
  const status = await context.open('status', () => new PoolStatus(publish, () => look(pool, server)));
  let blocks: FoundBlocks | undefined;
  const parts = { context, workers, shares, status, blocks: () => blocks };
  const source = await context.open('source of work', () => openSource(settings.source, parts));
  const earlier = await outbox.unseenBlocks();
  blocks = await context.open(
    'found blocks',
    () =>
      new FoundBlocks(
        { provider: source.blockTaker, store: outbox, log, onCounts: () => status.changed() },
        earlier,
      ),
  );
  const stats = await context.open('stats', () =>
    openPoolStats({ context, outbox, look: () => poolHealth(status, server, look(pool, server).blocked) }),
  );
  const opened = { context, settings, crypto, workers, outbox, shares, source, status, blocks, stats };
  pool = opened;
  const customJobs = await openCustomJobs(context, settings);
  const quotePath = await context.open('quote path', () => openPoolQuotePath(opened));
  server = await context.open('mining server', () => openServer(opened, quotePath, customJobs));
  const { feed } = source;
  feed.serve(server);
  const moving = server;
  await context.open('stale work', () => watchSource(source, config.stale_work_timeout_sec, feed));
  const named = feed instanceof WorkSource ? feed : undefined;
  await context.open('new names', () => awaitNewNames(context, named));
  await context.open('planned move', () => awaitPlannedMove(moving, log));
  if (outbox.terms) {
    feed.takeTerms(outbox.terms);
    source.begin();
  }
  status.changed();
  return server;
}

function openSource(settings: SourceSettings, parts: SourceParts) {
  return settings.kind === 'templates' ? templateSource(settings, parts) : upstreamSource(settings, parts);
}

/** What the mint's payouts may take, and who puts them into the coinbases, where these are the pool's own. */
function payoutsOf({ settings: { source: settings }, source: { feed } }: Pool) {
  if (settings.kind !== 'templates' || !(feed instanceof WorkSource)) return {};
  if (settings.payoutRoom.size === 0) return {};
  const onPayouts = (payouts: CoinbasePayouts) => feed.takePayouts(payouts);
  return { payoutRoom: settings.payoutRoom, onPayouts };
}

function openPoolQuotePath(pool: Pool): Promise<QuotePath> {
  const { context, settings, outbox, source, workers, status, blocks, stats } = pool;
  const { feed } = source;
  const { config, shared, log } = context;
  const unknownBlock = new UnknownBlock({
    source: source.name,
    now: () => performance.now(),
    log,
    say: (words) => status.waitsFor('chain', words),
  });
  return openQuotePath({
    outbox,
    link: {
      ...hostAndPort(shared.mint.work_link_address),
      authorityKey: settings.mintKey,
      poolId: settings.poolId,
      serverId: config.server_id,
      issuerSecretKey: settings.issuerSecretKey,
      rewardScript: settings.source.kind === 'templates' ? settings.source.coinbase.rewardScript : undefined,
      workers,
      log,
      onStatus: (text) => status.waitsFor('mint', text),
      onBlock: (block) => blocks.stands(block),
      ...payoutsOf(pool),
    },
    events: {
      created(first, last) {
        status.waitsFor('outbox', '');
        stats.quotes.created(first, last);
      },
      unstored: (error) =>
        status.waitsFor('outbox', `waiting for the disk: shares cannot be stored (${messageOf(error)})`),
      sent: (first, last) => log.debug({ first, last }, 'shares sent to the mint'),
      answered(last) {
        status.changed();
        stats.quotes.answered(last);
      },
      judged: (count, unplaced) => unknownBlock.judged(count, unplaced),
      failed(refusals) {
        log.warn({ count: refusals.length, first: refusals[0]?.reason }, 'the mint does not pay some shares');
        stats.quotes.failed(refusals);
      },
    },
    onTerms(terms) {
      feed.takeTerms(terms);
      source.begin();
    },
    onLease: (serverId) => feed.moveTo(serverId),
    onLeaseLost: () => feed.loseServerId(),
    onOtherScript: (reason) => context.fail(new ConfigError(`the mint refuses this pool: ${reason}`)),
  });
}

function openServer(
  pool: Pool,
  quotePath: QuotePath,
  customJobs: CustomJobs | undefined,
): Promise<MiningServer> {
  const { context, settings, crypto, shares, source, workers, status, blocks, stats } = pool;
  const { config, log } = context;
  return openMiningServer({
    ...hostAndPort(config.listen_address),
    keys: settings.keys,
    certificateSeconds: config.cert_validity_sec,
    workers,
    hash: crypto.hash,
    log,
    serverId: pool.outbox.leasedEarlier ?? config.server_id,
    shareBatchSize: config.share_batch_size,
    policy: {
      sharesPerMinute: config.shares_per_minute,
      difficultyLimits: settings.difficultyLimits,
      versionMask: config.version_rolling_mask,
      minerTagLength: config.miner_tag_length,
      houseKey: settings.houseKey,
      extensions: settings.extensions,
      customJobs,
      maxChannels: config.max_channels,
      maxChannelsPerAddress: config.max_channels_per_address,
      firstChannelMs: config.first_channel_timeout_sec * 1000,
    },
    limits: {
      connections: config.max_connections,
      connectionsPerAddress: config.max_connections_per_address,
    },
    sink: quotePath,
    renew: (jobId) => source.feed.renew(jobId),
    events: {
      ...stats.mining,
      onBlock(found) {
        if (found.job.live.job.customDigest) announceClientsBlock(pool, found);
        if (found.job.live.job.customDigest || !source.takeBlock(found)) return;
        blocks.found(foundBlock(found));
        announceBlock(pool, found);
      },
      onAccepted(connection, share, work) {
        source.takeShare(work);
        stats.mining.onAccepted?.(connection, share, work);
      },
      onChannels: () => status.changed(),
      onRejected(error, connection, channel) {
        if (error === 'too-many-shares') shares.refuse();
        status.changed();
        stats.mining.onRejected?.(error, connection, channel);
      },
    },
  });
}

function announceBlock({ context, source }: Pool, { hashLe, job }: HashedWork): void {
  const hash = toHex(reversed(hashLe));
  context.log.info(
    { hash, template: String(job.live.job.templateId) },
    `block found and handed to ${source.name}`,
  );
}

/** Only the client and its jd-server have the block's transactions: they hand it in. */
function announceClientsBlock({ context }: Pool, { hashLe }: HashedWork): void {
  context.log.info({ hash: toHex(reversed(hashLe)) }, 'a client found a block of its own making');
}

/** How the pool is, for its status. */
function look(pool: Pool | undefined, server: MiningServer | undefined) {
  if (!pool) return { blocked: 'it is starting', figures: {} };
  const { outbox, shares, source, blocks } = pool;
  return {
    blocked: blockedBy(outbox, shares, source),
    figures: {
      channels: server?.figures.channels ?? 0,
      workers: server?.activeWorkers ?? 0,
      shares_accepted: server?.figures.accepted ?? 0,
      shares_rejected: server?.figures.rejected ?? 0,
      shares_on_tip: shares.known,
      shares_too_many: shares.refused,
      outbox_rows: outbox.lastSeq,
      outbox_sent: outbox.storedSeq,
      blocks_found: blocks.counts.found,
      blocks_confirmed: blocks.counts.confirmed,
      blocks_orphaned: blocks.counts.orphaned,
      blocks_unseen: blocks.waiting,
      channels_over_cap: server?.figures.tooMany ?? 0,
      extranonces_in_use: server?.extranoncesInUse ?? 0,
      extranonces_exhausted: server?.figures.exhausted ?? 0,
      ...source.figures,
    },
  };
}

function blockedBy(outbox: Outbox, shares: TipShares, { feed }: Source): string | undefined {
  if (!outbox.terms) return "no channel can be opened yet: the mint's terms are not known";
  if (!feed.hasWork) return 'no channel can be opened yet: there is no work';
  return shares.full ? 'no share is taken until the next block: too many came on this one' : undefined;
}

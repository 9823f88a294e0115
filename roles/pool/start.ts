import { coinbaseConstraints } from '../../domain/jobs/pool-coinbase.ts';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { KEYSET_ID_BYTES } from '../../protocols/ehash/work-link.ts';
import { messageOf } from '../../protocols/errors.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { type Crypto, loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { type MiningServer, openMiningServer } from '../../services/mining-server/server.ts';
import { foundBlock } from './block.ts';
import type { PoolConfig, PoolShared } from './config.ts';
import { FoundBlocks } from './found-blocks.ts';
import { awaitNewNames } from './new-names.ts';
import { Outbox } from './outbox/outbox.ts';
import { awaitPlannedMove } from './planned-move.ts';
import { openQuotePath, type QuotePath } from './quote-path.ts';
import { type PoolSettings, readSettings } from './settings.ts';
import { watchTemplates } from './stale-work.ts';
import { PoolStatus } from './status.ts';
import { Templates } from './templates.ts';
import { TipShares } from './tip-shares.ts';
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
  readonly work: WorkSource;
  readonly status: PoolStatus;
  /** Set once templates can be asked for. */
  blocks: FoundBlocks | undefined;
}

/** Starts the pool: outbox, templates, quote path, mining server; each uses those before it. */
export async function startPool(context: PoolContext): Promise<MiningServer> {
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
  const work = new WorkSource({
    coinbase: settings.coinbase,
    log,
    seenOn: (prevHash) => shares.on(prevHash),
  });
  let server: MiningServer | undefined;
  const status = await context.open(
    'status',
    () =>
      new PoolStatus(
        (text, figures) => context.status(text, figures),
        () => look(pool, server),
      ),
  );
  const pool: Pool = {
    context,
    settings,
    crypto,
    workers,
    outbox,
    shares,
    work,
    status,
    blocks: undefined,
  };

  const templates = await context.open('templates', () => openTemplates(pool));
  const earlier = await outbox.unseenBlocks();
  const blocks = await context.open(
    'found blocks',
    () =>
      new FoundBlocks({ provider: templates, store: outbox, log, onCounts: () => status.changed() }, earlier),
  );
  pool.blocks = blocks;
  const quotePath = await context.open('quote path', () => openPoolQuotePath(pool, templates));
  server = await context.open('mining server', () => openServer(pool, quotePath, blocks));
  work.serve(server);
  const moving = server;
  await context.open('stale work', () => watchTemplates(templates, config.stale_work_timeout_sec, work));
  await context.open('new names', () => awaitNewNames(context, work));
  await context.open('planned move', () => awaitPlannedMove(moving, log));
  if (outbox.terms) {
    work.takeTerms(outbox.terms);
    templates.begin();
  }
  status.changed();
  return server;
}

function openTemplates(pool: Pool): Templates {
  const { context, settings, work, workers, status } = pool;
  const { config, log } = context;
  const keysetId = new Uint8Array(KEYSET_ID_BYTES);
  return new Templates({
    address: config.tp_address,
    authorityKey: settings.templateProviderKey,
    coinbase: coinbaseConstraints({ ...settings.coinbase, keysetId }),
    workers,
    log,
    onTemplate: (template) => work.takeTemplate(template),
    onPrevHash(prevHash) {
      pool.blocks?.tip(prevHash.prev_hash);
      work.takePrevHash(prevHash);
    },
    onConnected: () => pool.blocks?.connected(),
    onStatus: (text) => status.waitsFor('templates', text),
  });
}

function openPoolQuotePath(pool: Pool, templates: Templates): Promise<QuotePath> {
  const { context, settings, outbox, work, workers, status } = pool;
  const { config, shared, log } = context;
  return openQuotePath({
    outbox,
    link: {
      ...hostAndPort(shared.mint.work_link_address),
      authorityKey: settings.mintKey,
      poolId: settings.poolId,
      serverId: config.server_id,
      issuerSecretKey: settings.issuerSecretKey,
      workers,
      log,
      onStatus: (text) => status.waitsFor('mint', text),
      onBlock: (block) => pool.blocks?.stands(block),
    },
    events: {
      created: () => status.waitsFor('outbox', ''),
      unstored: (error) =>
        status.waitsFor('outbox', `waiting for the disk: shares cannot be stored (${messageOf(error)})`),
      sent: (first, last) => log.debug({ first, last }, 'shares sent to the mint'),
      answered: () => status.changed(),
      failed: (refusals) =>
        log.warn({ count: refusals.length, first: refusals[0]?.reason }, 'the mint does not pay some shares'),
    },
    onTerms(terms) {
      work.takeTerms(terms);
      templates.begin();
    },
    onLease: (serverId) => work.moveTo(serverId),
    onLeaseLost: () => work.loseServerId(),
  });
}

function openServer(pool: Pool, quotePath: QuotePath, blocks: FoundBlocks): Promise<MiningServer> {
  const { context, settings, crypto, shares, work, workers, status } = pool;
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
      maxChannels: config.max_channels,
      maxChannelsPerAddress: config.max_channels_per_address,
      firstChannelMs: config.first_channel_timeout_sec * 1000,
    },
    limits: {
      connections: config.max_connections,
      connectionsPerAddress: config.max_connections_per_address,
    },
    sink: quotePath,
    renew: (jobId) => work.renew(jobId),
    events: {
      onBlock(found) {
        blocks.found(foundBlock(found));
        announceBlock(pool, found);
      },
      onChannels: () => status.changed(),
      onRejected(error) {
        if (error === 'too-many-shares') shares.refuse();
        status.changed();
      },
    },
  });
}

function announceBlock({ context }: Pool, { hashLe, job }: HashedWork): void {
  const hash = toHex(reversed(hashLe));
  context.log.info(
    { hash, template: String(job.live.job.templateId) },
    'block found and handed to the template provider',
  );
}

/** How the pool is, for its status. */
function look({ outbox, shares, work, blocks }: Pool, server: MiningServer | undefined) {
  return {
    blocked: blockedBy(outbox, shares, work),
    figures: {
      channels: server?.figures.channels ?? 0,
      workers: server?.activeWorkers ?? 0,
      shares_accepted: server?.figures.accepted ?? 0,
      shares_rejected: server?.figures.rejected ?? 0,
      shares_on_tip: shares.known,
      shares_too_many: shares.refused,
      outbox_rows: outbox.lastSeq,
      outbox_sent: outbox.storedSeq,
      blocks_found: blocks?.counts.found ?? 0,
      blocks_confirmed: blocks?.counts.confirmed ?? 0,
      blocks_orphaned: blocks?.counts.orphaned ?? 0,
      blocks_unseen: blocks?.waiting ?? 0,
      channels_over_cap: server?.figures.tooMany ?? 0,
      extranonces_in_use: server?.extranoncesInUse ?? 0,
      extranonces_exhausted: server?.figures.exhausted ?? 0,
    },
  };
}

function blockedBy(outbox: Outbox, shares: TipShares, work: WorkSource): string | undefined {
  if (!outbox.terms) return "no channel can be opened yet: the mint's terms are not known";
  if (!work.hasWork) return 'no channel can be opened yet: there is no template';
  return shares.full ? 'no share is taken until the next block: too many came on this one' : undefined;
}

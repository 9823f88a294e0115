import { randomBytes } from 'node:crypto';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { RESUME_TOKEN_BYTES } from '../../protocols/ehash/extension.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { OpenRequest } from '../../services/mining-client/session.ts';
import { openTemplateClient, type TemplateClient } from '../../services/template-client/client.ts';
import type { Blocks } from './blocks/blocks.ts';
import { openBlocks } from './blocks/open-blocks.ts';
import type { JdClientConfig, JdClientShared } from './config.ts';
import { Difficulty } from './difficulty.ts';
import { JobCounts } from './job-counts.ts';
import { openMiners } from './miners.ts';
import { Room } from './room.ts';
import { readSettings, type UpstreamSettings } from './settings.ts';
import { Solo } from './solo.ts';
import { openJdClientStats } from './stats-events.ts';
import { openStatus } from './status.ts';
import { Takers } from './takers.ts';
import { TransactionsOfTemplates } from './template-transactions.ts';
import { Upstream } from './upstream/upstream.ts';
import { Work } from './work.ts';

/** With another pool to go to, a silent one is left soon; without one, leaving it helps only if it is well on another connection. */
const SILENCE_MS = { lone: 30_000, others: 5_000 };

type Context = RoleContext<JdClientConfig, JdClientShared>;

/** Ready when miners can connect, whether template provider, pools and jd-servers are there or not. */
export async function startJdClient(context: Context): Promise<void> {
  const { config, log } = context;
  const crypto = await loadCrypto();
  const settings = readSettings(context, crypto.curve);
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  const solo = new Solo(settings.soloScript, config.min_extranonce_size);
  const room = new Room();
  room.fits(solo.offer.outputs);
  const upstreams: Upstream[] = [];
  const work = new Work({
    signature: config.jdc_signature,
    versionMask: config.version_rolling_mask,
    log,
    onTip(prevHash) {
      for (const upstream of upstreams) upstream.tipIs(prevHash);
    },
  });
  let providerText = 'waiting for template provider';
  let blocks: Blocks | undefined;
  const provider = await context.open('template provider', () =>
    openTemplateClient({
      address: config.tp_address,
      authorityKey: settings.templateProviderKey,
      coinbase: room.constraints,
      workers,
      log,
      onTemplate: (template) => work.takeTemplate(template),
      onConnected: () => blocks?.connected(),
      onPrevHash(tip) {
        blocks?.tip(tip.prev_hash);
        work.takePrevHash(tip);
      },
      onStatus(text) {
        providerText = text;
      },
    }),
  );
  const transactions = new TransactionsOfTemplates(provider);
  const found = await context.open('found blocks', () =>
    openBlocks({ context, settings, workers, provider, transactions, work }),
  );
  blocks = found;
  const stats = await context.open('stats', () => openJdClientStats(context));
  const events = { ...stats.mining, onBlock: (block: HashedWork) => found.take(block) };
  const { server, desk } = await context.open('mining server', () =>
    openMiners({ context, settings, crypto, workers, work, events }),
  );
  const difficulty = await context.open(
    'difficulty',
    () =>
      new Difficulty({
        server,
        sharesPerMinute: config.shares_per_minute,
        isWaiting: () => upstreams.some(({ isBusy }) => isBusy),
        tell(wish) {
          for (const upstream of upstreams) upstream.wish(wish);
        },
      }),
  );
  const jobs = new JobCounts();
  const open = upstreamsOf({ context, workers, provider, transactions, room, work, difficulty, jobs });
  upstreams.push(...settings.upstreams.map(open));
  const takers = await context.open(
    'pools',
    () =>
      new Takers({
        upstreams,
        solo,
        soloAfterMs: config.solo_after_sec * 1000,
        returnAfterMs: config.return_after_sec * 1000,
        log,
        onTaker: (taker) => work.mineFor(taker),
        probe: (upstream) => work.probe(upstream),
      }),
  );
  const text = (): string => (provider.isServed ? takers.status : providerText);
  stats.show({
    text,
    pay: () => (provider.isServed ? takers.pay : { state: 'failing', why: providerText }),
    channels: () => server.figures.channels,
    pools: () => takers.standings,
    jobs,
    desk,
    blocks: found,
  });
  await context.open('status', () =>
    openStatus(context, {
      staleMs: config.stale_work_timeout_sec * 1000,
      isServed: () => provider.isServed,
      loseSource: () => work.loseSource(),
      text,
      figures: () => ({
        channels: server.figures.channels,
        workers: server.activeWorkers,
        shares_accepted: desk.counts.accepted,
        shares_solo: solo.shares,
        shares_rejected: server.figures.rejected,
        shares_waiting: desk.size,
        blocks_found: found.found,
        blocks_unseen: found.unseen,
      }),
    }),
  );
}

interface UpstreamParts {
  readonly context: Context;
  readonly workers: HandshakeWorkers;
  readonly provider: TemplateClient;
  readonly transactions: TransactionsOfTemplates;
  readonly room: Room;
  readonly work: Work;
  readonly difficulty: Difficulty;
  readonly jobs: JobCounts;
}

/** @returns what makes an upstream of its settings; it connects when it is wanted */
function upstreamsOf({
  context: { config, log },
  workers,
  provider,
  transactions,
  room,
  work,
  difficulty,
  jobs,
}: UpstreamParts) {
  // One channel for the jobs of all miners, which comes back after a cut.
  const request = (): OpenRequest => ({
    userIdentity: config.user_identity,
    ...difficulty.wish,
    minExtranonceSize: config.min_extranonce_size,
    lockingKey: undefined,
    resumeToken: randomBytes(RESUME_TOKEN_BYTES),
  });
  return (settings: UpstreamSettings): Upstream => {
    const upstream: Upstream = new Upstream({
      settings,
      isDeclared: config.mode === 'FULLTEMPLATE',
      userIdentity: config.user_identity,
      silenceLimitMs: config.upstreams.length > 1 ? SILENCE_MS.others : SILENCE_MS.lone,
      request,
      transactionsOf: ({ template }) => transactions.of(template.template_id),
      workers,
      log,
      jobs,
      changed() {
        if (room.fits(upstream.offer?.outputs ?? [])) work.look();
        else provider.setConstraints(room.constraints);
      },
    });
    return upstream;
  };
}

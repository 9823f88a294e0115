import { randomBytes } from 'node:crypto';
import { outputConstraints } from '../../domain/job-declaration/own-job.ts';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { RESUME_TOKEN_BYTES } from '../../protocols/ehash/extension.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { type Crypto, loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { OpenRequest } from '../../services/mining-client/session.ts';
import { SPOKEN_EXTENSIONS } from '../../services/mining-server/extensions.ts';
import { type MiningServer, openMiningServer } from '../../services/mining-server/server.ts';
import { openTemplateClient, type TemplateClient } from '../../services/template-client/client.ts';
import { foundBlock, solutionOf } from '../../services/template-client/found-block.ts';
import type { JdClientConfig, JdClientShared } from './config.ts';
import { Difficulty } from './difficulty.ts';
import { type JdClientSettings, readSettings } from './settings.ts';
import { PassingDesk } from './share-desk.ts';
import { Solo } from './solo.ts';
import { openStatus } from './status.ts';
import { Takers } from './takers.ts';
import { TransactionsOfTemplates } from './template-transactions.ts';
import { Upstream } from './upstream/upstream.ts';
import { Work } from './work.ts';

type Context = RoleContext<JdClientConfig, JdClientShared>;

/** Room for a pool's output and the mark of its keyset, asked for before any pool has named them. */
const USUAL_CONSTRAINTS = { maxAdditionalSize: 128, maxAdditionalSigops: 4 };
const FIRST_CHANNEL_MS = 300_000;

/** Ready when miners can connect, whether template provider, pools and jd-servers are there or not. */
export async function startJdClient(context: Context): Promise<void> {
  const { config, log } = context;
  const crypto = await loadCrypto();
  const settings = readSettings(context, crypto.curve);
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  const upstreams: Upstream[] = [];
  const work = new Work({
    signature: config.jdc_signature,
    versionMask: config.version_rolling_mask,
    log,
    onTip(prevHash) {
      for (const upstream of upstreams) upstream.tipIs(prevHash);
    },
  });
  const solo = new Solo(settings.soloScript, config.min_extranonce_size);
  const room = new Room(solo.offer);
  let providerText = 'waiting for the template provider';
  const provider = await context.open('template provider', () =>
    openTemplateClient({
      address: config.tp_address,
      authorityKey: settings.templateProviderKey,
      coinbase: room.constraints,
      workers,
      log,
      onTemplate: (template) => work.takeTemplate(template),
      onPrevHash: (tip) => work.takePrevHash(tip),
      onStatus(text) {
        providerText = text;
      },
    }),
  );
  const counts = { blocks: 0 };
  let desk: PassingDesk | undefined;
  const sink = {
    desk(events: ConstructorParameters<typeof PassingDesk>[1]) {
      desk = new PassingDesk((share) => work.pass(share), events);
      return desk;
    },
  };
  const server = await context.open('mining server', () =>
    openServer({ context, settings, crypto, workers, sink, work }, (found) => {
      counts.blocks++;
      handIn({ found, work, provider, log });
    }),
  );
  server.setMinimumDifficulty(0);
  work.serve(server);
  const difficulty = await context.open(
    'difficulty',
    () =>
      new Difficulty(server, config.shares_per_minute, (wish) => {
        for (const upstream of upstreams) upstream.wish(wish);
      }),
  );
  const transactions = new TransactionsOfTemplates(provider);
  for (const each of settings.upstreams) {
    const upstream: Upstream = new Upstream({
      settings: each,
      isDeclared: config.mode === 'FULLTEMPLATE',
      userIdentity: config.user_identity,
      request: () => channelRequest(config, difficulty),
      transactionsOf: ({ template }) => transactions.of(template.template_id),
      workers,
      log,
      changed() {
        if (room.fits(upstream.offer)) work.look();
        else provider.setConstraints(room.constraints);
      },
    });
    upstreams.push(upstream);
  }
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
  await context.open('status', () =>
    openStatus(context, {
      staleMs: config.stale_work_timeout_sec * 1000,
      isServed: () => provider.isServed,
      loseSource: () => work.loseSource(),
      text: () => (provider.isServed ? takers.status : providerText),
      figures: () => ({
        channels: server.figures.channels,
        workers: server.activeWorkers,
        shares_accepted: desk?.counts.accepted ?? 0,
        shares_rejected: server.figures.rejected,
        shares_waiting: desk?.size ?? 0,
        blocks_found: counts.blocks,
      }),
    }),
  );
}

/** The room that all outputs seen so far need; it never shrinks, since each change costs a new template. */
class Room {
  constraints = USUAL_CONSTRAINTS;

  constructor(offer: Upstream['offer']) {
    this.fits(offer);
  }

  /** @returns false where more is needed than before, and is to be asked for */
  fits(offer: Upstream['offer']): boolean {
    const wanted = outputConstraints(offer?.outputs ?? []);
    const { maxAdditionalSize: size, maxAdditionalSigops: sigops } = this.constraints;
    if (wanted.maxAdditionalSize <= size && wanted.maxAdditionalSigops <= sigops) return true;
    this.constraints = {
      maxAdditionalSize: Math.max(size, wanted.maxAdditionalSize),
      maxAdditionalSigops: Math.max(sigops, wanted.maxAdditionalSigops),
    };
    return false;
  }
}

/** What a pool is asked for: one channel for the jobs of all miners, which comes back after a cut. */
function channelRequest(config: JdClientConfig, difficulty: Difficulty): OpenRequest {
  return {
    userIdentity: config.user_identity,
    ...difficulty.wish,
    minExtranonceSize: config.min_extranonce_size,
    lockingKey: undefined,
    resumeToken: randomBytes(RESUME_TOKEN_BYTES),
  };
}

interface ServerParts {
  readonly context: Context;
  readonly settings: JdClientSettings;
  readonly crypto: Crypto;
  readonly workers: HandshakeWorkers;
  readonly sink: Parameters<typeof openMiningServer>[0]['sink'];
  readonly work: Work;
}

function openServer(
  { context: { config, log }, settings, crypto, workers, sink, work }: ServerParts,
  onBlock: (work: HashedWork) => void,
): Promise<MiningServer> {
  return openMiningServer({
    ...hostAndPort(config.listening_address),
    keys: settings.keys,
    certificateSeconds: config.cert_validity_sec,
    workers,
    hash: crypto.hash,
    log,
    serverId: 0,
    shareBatchSize: config.share_batch_size,
    policy: {
      sharesPerMinute: config.shares_per_minute,
      versionMask: config.version_rolling_mask,
      houseKey: settings.houseKey,
      extensions: { supported: SPOKEN_EXTENSIONS, required: [] },
      maxChannels: config.max_channels,
      maxChannelsPerAddress: config.max_channels,
      firstChannelMs: FIRST_CHANNEL_MS,
    },
    limits: { connections: config.max_connections, connectionsPerAddress: config.max_connections },
    sink,
    renew: (jobId) => work.renew(jobId),
    events: { onBlock },
  });
}

/** A block goes to the node and to the jd-server at once, and to the pool as the share that it is. */
function handIn({
  found,
  work,
  provider,
  log,
}: {
  found: HashedWork;
  work: Work;
  provider: Pick<TemplateClient, 'submitSolution'>;
  log: Context['log'];
}): void {
  const made = work.of(found);
  const hash = toHex(reversed(found.hashLe));
  if (!made) {
    log.error({ hash, alert: 'block-at-risk' }, 'a block was found of a job that is forgotten');
    return;
  }
  const { job, taker } = made;
  const templateId = job.template.template_id;
  provider.submitSolution(solutionOf({ ...foundBlock(found), templateId }));
  taker.push(job, found);
  log.info({ hash, for: taker.name }, 'block found and handed in');
}

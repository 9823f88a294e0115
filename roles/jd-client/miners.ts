import { hostAndPort } from '../../runtime/config/address.ts';
import type { Crypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { SPOKEN_EXTENSIONS } from '../../services/mining-server/extensions.ts';
import type { MiningEvents } from '../../services/mining-server/house.ts';
import { type MiningServer, openMiningServer } from '../../services/mining-server/server.ts';
import type { JdClientConfig, JdClientShared } from './config.ts';
import type { JdClientSettings } from './settings.ts';
import { PassingDesk } from './share-desk.ts';
import type { Work } from './work.ts';

/** A connection that opens no channel within it is hung up on. */
const FIRST_CHANNEL_MS = 300_000;

interface MinersParts {
  readonly context: Pick<RoleContext<JdClientConfig, JdClientShared>, 'config' | 'log'>;
  readonly settings: JdClientSettings;
  readonly crypto: Crypto;
  readonly workers: HandshakeWorkers;
  readonly work: Work;
  readonly events: MiningEvents;
}

/** The port for translators and miners, whose shares go to whom their jobs are made for. */
export interface Miners {
  readonly server: MiningServer;
  readonly desk: PassingDesk;
  close(): Promise<void>;
}

/** @throws HashpoolError 'cannot-listen' */
export async function openMiners({
  context: { config, log },
  settings,
  crypto,
  workers,
  work,
  events,
}: MinersParts): Promise<Miners> {
  const desk = new PassingDesk((share) => work.pass(share));
  const server = await openMiningServer({
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
    sink: { desk: (events) => desk.opened(events) },
    renew: (jobId) => work.renew(jobId),
    events,
  });
  // What is paid is the pool's to say.
  server.setMinimumDifficulty(0);
  work.serve(server);
  return { server, desk, close: () => server.close() };
}

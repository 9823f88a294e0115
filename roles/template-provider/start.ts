import { decodeAuthorityPublicKey, decodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { judgeSetup, TEMPLATE_DISTRIBUTION_PROTOCOL } from '../../protocols/sv2/common.ts';
import { templateDistributionProtocol } from '../../protocols/sv2/template-distribution.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { decoded } from '../../runtime/config/decode.ts';
import type { ConfigOf } from '../../runtime/config/fields.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { rpcAuthFromText } from '../../runtime/rpc/auth.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { listenSv2 } from '../../runtime/sv2/listen.ts';
import { watchNode } from '../../services/node/watch-node.ts';
import type { poolSide } from '../../services/shared-config/pool-side.ts';
import { openStatsClient } from '../../services/stats/client/client.ts';
import type { TemplateProviderConfig } from './config.ts';
import { Provider } from './provider.ts';

type Context = RoleContext<TemplateProviderConfig, ConfigOf<typeof poolSide>>;

/** Above the largest message of a client, a solution with a coinbase of 64 KiB. */
const FRAME_CAP = 128 * 1024;
/** A client may have a block's transactions waiting, twice. */
const QUEUED_BYTES = 16 * 1024 * 1024;
/** Pools and job declarators of one owner. */
const MOST_CLIENTS = 64;

/** Opens the port for clients and follows the node; a node that is down is waited for. */
export async function startTemplateProvider(context: Context): Promise<void> {
  const { config, shared, log, read, stopping } = context;
  const { rpc_url, rpc_auth } = shared.bitcoin;
  const rpc = decoded('bitcoin.rpc_url or rpc_auth', () =>
    bitcoinRpc({ url: rpc_url, auth: rpcAuthFromText(read(rpc_auth)) }),
  );
  const keys = {
    publicKey: decoded('authority_public_key', () =>
      decodeAuthorityPublicKey(read(config.authority_public_key)),
    ),
    secretKey: decoded('authority_secret_key', () =>
      decodeAuthoritySecretKey(read(config.authority_secret_key)),
    ),
  };
  const provider = new Provider(context, rpc);
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  await context.open('template distribution', () =>
    listenSv2({
      ...hostAndPort(config.listen_address),
      protocol: templateDistributionProtocol,
      keys,
      certificateSeconds: config.cert_validity_sec,
      frameCap: FRAME_CAP,
      workers,
      limits: { queuedBytes: QUEUED_BYTES, connections: MOST_CLIENTS, connectionsPerAddress: MOST_CLIENTS },
      log,
      accept: (setup) => judgeSetup(setup, { protocol: TEMPLATE_DISTRIBUTION_PROTOCOL, supportedFlags: 0 }),
      onConnection: (connection) => provider.welcome(connection),
    }),
  );
  await context.open('stats', () => openStats(context, provider));
  const watching = watchNode({
    rpc,
    network: shared.bitcoin.network,
    tipPollMs: config.tip_poll_interval_ms,
    feeCheckMs: 1000 * config.fee_check_interval_sec,
    log,
    signal: stopping,
    onTemplate: (template, isNewTip) => provider.take(template, isNewTip),
    onTrouble: (trouble) => provider.troubled(trouble, performance.now()),
  });
  await context.open('node', () => ({
    async close() {
      await watching;
      await provider.settled();
      rpc.close();
    },
  }));
}

/** Reports to the stats service that the config names. */
function openStats({ config, log }: Context, provider: Provider) {
  return openStatsClient({
    role: 'template-provider',
    config: config.stats,
    log,
    health() {
      const { clients, trouble } = provider;
      const why = trouble ?? 'sends templates';
      const node = { name: 'node', state: trouble ? 'failing' : 'ok', why } as const;
      return { status: why, openConnections: clients, links: [node] };
    },
  });
}

import { scriptFromDescriptor } from '../../protocols/bitcoin/descriptor.ts';
import { fromHex } from '../../protocols/bytes.ts';
import { keysetMark } from '../../protocols/ehash/keyset-mark.ts';
import { decodeAuthorityPublicKey, decodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { jobDeclarationProtocol } from '../../protocols/sv2/job-declaration.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { decoded } from '../../runtime/config/decode.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { rpcAuthFromText } from '../../runtime/rpc/auth.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { listenSv2 } from '../../runtime/sv2/listen.ts';
import { openTokenWorker } from '../../services/mining-job-tokens/token-worker.ts';
import { watchNode } from '../../services/node/watch-node.ts';
import type { JdServerConfig, JdServerShared } from './config.ts';
import { House } from './house.ts';
import { watchKeyset } from './keyset-watch.ts';
import { judgeClient, Session } from './session.ts';
import { openJdServerStats } from './stats-events.ts';

/** Above the largest message of a client, all transactions of a block. */
const FRAME_CAP = 4_500_000;
/** How often the node is asked for its best block. */
const TIP_POLL_MS = 1_000;

/** Opens the port for clients and follows node and mint; either is waited for where it is down. */
export async function startJdServer(context: RoleContext<JdServerConfig, JdServerShared>): Promise<void> {
  const { config, shared, log, stopping } = context;
  const settings = await readSettings(context);
  const { rpc } = settings;
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  const tokens = await context.open('tokens', () => openTokenWorker());
  const house = new House({ config, ...settings, tokens, context });
  await context.open('stats', () => openJdServerStats(context, house));
  const watching = watchNode({
    rpc,
    network: shared.bitcoin.network,
    tipPollMs: TIP_POLL_MS,
    feeCheckMs: 1000 * config.mempool_update_interval_sec,
    log,
    signal: stopping,
    onTemplate: (template) => house.takeTemplate(template),
    onTrouble: (trouble) => house.troubled(trouble),
  });
  const { url: mintUrl } = shared.mint;
  const onKeyset = (id: Uint8Array) => house.takeMark(keysetMark(id));
  const asking = watchKeyset({ mintUrl, poolId: settings.poolId, log, signal: stopping, onKeyset });
  await context.open('node and mint', () => ({
    async close() {
      await Promise.all([watching, asking]);
      await house.settled();
      rpc.close();
    },
  }));
  await context.open('job declaration', () =>
    listenSv2({
      ...hostAndPort(config.listen_jd_address),
      protocol: jobDeclarationProtocol,
      keys: settings.keys,
      certificateSeconds: config.cert_validity_sec,
      frameCap: FRAME_CAP,
      workers,
      limits: {
        connections: config.max_connections,
        connectionsPerAddress: config.max_connections_per_address,
      },
      log,
      accept: (setup) => judgeClient(setup, config.full_template_mode_required),
      onConnection: (connection) => {
        const session = new Session(connection, house);
        house.welcome(connection);
        connection.onMessage = (message) => session.receive(message);
      },
    }),
  );
}

/** The config's texts and references as what they stand for. @throws ConfigError naming the key that can't be used */
async function readSettings({ config, shared, read }: RoleContext<JdServerConfig, JdServerShared>) {
  const { curve } = await loadCrypto();
  const { network, rpc_url: url, rpc_auth } = shared.bitcoin;
  return {
    rpc: decoded('bitcoin.rpc_url or rpc_auth', () =>
      bitcoinRpc({ url, auth: rpcAuthFromText(read(rpc_auth)) }),
    ),
    keys: {
      publicKey: decoded('authority_public_key', () =>
        decodeAuthorityPublicKey(read(config.authority_public_key)),
      ),
      secretKey: decoded('authority_secret_key', () =>
        decodeAuthoritySecretKey(read(config.authority_secret_key)),
      ),
    },
    tokenKey: decoded('token_secret_key', () => fromHex(read(config.token_secret_key), 'its value', 32)),
    poolId: decoded('pool.pool_id', () => fromHex(read(shared.pool.pool_id), 'the key', 33)),
    rewardScript: decoded('coinbase_reward_script', () =>
      scriptFromDescriptor(config.coinbase_reward_script, network, curve),
    ),
  };
}

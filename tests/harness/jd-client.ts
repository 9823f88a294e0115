import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeAuthorityPublicKey, encodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { freePortBase } from './free-ports.ts';
import { type Interceptor, interceptSv2, type Onward, type Passing } from './interceptor.ts';
import type { JdServerProcess } from './jd-server.ts';
import type { PoolProcess } from './pool.ts';
import { RawMiner } from './raw-miner.ts';
import { RoleProcess } from './role-process.ts';
import type { ProviderProcess } from './template-provider.ts';
import { temporaryFolder } from './temporary-folder.ts';

const entry = fileURLToPath(new URL('../../roles/jd-client/main.ts', import.meta.url));

export interface JdClientUpstream {
  readonly pool: Pick<PoolProcess, 'host' | 'port' | 'authorityKey'>;
  readonly jdServer: Pick<JdServerProcess, 'address' | 'authorityKey'>;
}

export interface JdClientOptions {
  readonly provider: Pick<ProviderProcess, 'address' | 'authorityKey'>;
  readonly upstreams: readonly JdClientUpstream[];
  /** Lines of the role's own config, beside addresses and keys. */
  readonly config?: readonly string[];
}

/** The jd-client, and what miners must know of it. */
export interface JdClientProcess {
  readonly role: RoleProcess;
  /** Holds its state. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** x-only, 32 bytes. */
  readonly authorityKey: Uint8Array;
  /** Connects a miner; it hangs up with the test. */
  connect(options?: { extensions?: readonly number[]; flags?: number }): Promise<RawMiner>;
}

/** Starts roles/jd-client as the supervisor does; it ends with the test. */
export async function jdClientProcess(
  t: Pick<TestContext, 'after'>,
  { provider, upstreams, config = [] }: JdClientOptions,
): Promise<JdClientProcess> {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const folder = temporaryFolder();
  const secretKey = Uint8Array.from(randomBytes(32));
  const authorityKey = curve.xOnly(curve.publicKey(secretKey));
  const port = await freePortBase(1);
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  write('jd-client-authority', [encodeAuthoritySecretKey(secretKey)]);
  write('jd-client-authority.pub', [encodeAuthorityPublicKey(authorityKey)]);
  write('jdc.toml', [
    `listening_address = "127.0.0.1:${port}"`,
    `tp_address = "${provider.address}"`,
    `tp_authority_public_key = "${encodeAuthorityPublicKey(provider.authorityKey)}"`,
    'coinbase_reward_script = "raw(52)"',
    ...config,
    ...upstreams.flatMap(upstreamLines),
  ]);
  write('miner.toml', ['[bitcoin]', 'network = "regtest"', '[mint]', 'url = "http://127.0.0.1:3338"']);
  const role = new RoleProcess(
    [entry, '-c', join(folder, 'jdc.toml'), '-g', join(folder, 'miner.toml'), '--debug'],
    folder,
  );
  const miners = new Set<RawMiner>();
  t.after(async () => {
    for (const miner of miners) miner.connection.close();
    await role.stop();
    await workers.close();
  });
  return {
    role,
    folder,
    host: '127.0.0.1',
    port,
    authorityKey,
    async connect(changes = {}) {
      const miner = await RawMiner.connect({ host: '127.0.0.1', port, authorityKey, workers, ...changes });
      miners.add(miner);
      void miner.connection.closed.then(() => miners.delete(miner));
      return miner;
    },
  };
}

/** A server as a jd-client is told of it. */
export interface KnownServer {
  readonly host: string;
  readonly port: number;
  /** x-only, 32 bytes. */
  readonly authorityKey: Uint8Array;
}

/** Puts somebody in front of a server who decides on its frames; ends with the test. */
export async function inFrontOf(
  t: Pick<TestContext, 'after'>,
  server: KnownServer,
  pass: (passing: Passing) => Onward | Promise<Onward>,
): Promise<KnownServer & { readonly address: string; readonly between: Interceptor }> {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const secretKey = Uint8Array.from(randomBytes(32));
  const keys = { publicKey: server.authorityKey, secretKey };
  const between = await interceptSv2({ upstream: server, keys, workers, pass });
  t.after(async () => {
    await between.close();
    await workers.close();
  });
  const { host, port } = between.address;
  const authorityKey = curve.xOnly(curve.publicKey(secretKey));
  return { host, port, authorityKey, address: `${host}:${port}`, between };
}

function upstreamLines({ pool, jdServer }: JdClientUpstream): string[] {
  const { host, port } = hostAndPort(jdServer.address);
  return [
    '[[upstreams]]',
    `pool_address = "${pool.host}"`,
    `pool_port = ${pool.port}`,
    `authority_pubkey = "${encodeAuthorityPublicKey(pool.authorityKey)}"`,
    `jds_address = "${host}"`,
    `jds_port = ${port}`,
    `jds_authority_pubkey = "${encodeAuthorityPublicKey(jdServer.authorityKey)}"`,
  ];
}

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toHex } from '../../protocols/bytes.ts';
import { encodeAuthorityPublicKey, encodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { freePortBase } from './free-ports.ts';
import { RawMiner } from './raw-miner.ts';
import { RoleProcess } from './role-process.ts';
import type { ProviderProcess } from './template-provider.ts';
import type { WorkMint } from './work-mint.ts';

const entry = fileURLToPath(new URL('../../roles/pool/main.ts', import.meta.url));

export interface PoolOptions {
  /** A template provider, or lines of `[[sv1_upstream]]` tables. */
  readonly provider: Pick<ProviderProcess, 'address' | 'authorityKey'> | readonly string[];
  readonly mint: Pick<WorkMint, 'authorityKey' | 'issuerSecretKey' | 'poolId'>;
  readonly mintPort: number;
  /** The descriptor of what its blocks pay. */
  readonly rewardScript?: string;
  /** Lines of the role's own config, beside addresses and keys. */
  readonly config?: readonly string[];
  /** Node's own, before the role's. */
  readonly nodeArguments?: readonly string[];
}

/** The pool, and what miners must know of it. */
export interface PoolProcess {
  readonly role: RoleProcess;
  readonly host: string;
  readonly port: number;
  readonly authorityKey: Uint8Array;
  readonly configPath: string;
  /** The outbox's database. */
  readonly outboxPath: string;
  /** Connects a miner; it hangs up with the test. */
  connect(options?: { extensions?: readonly number[]; flags?: number }): Promise<RawMiner>;
}

/** Starts roles/pool as the supervisor does; it ends with the test. */
export async function poolProcess(t: Pick<TestContext, 'after'>, options: PoolOptions): Promise<PoolProcess> {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-pool-'));
  const secretKey = Uint8Array.from(randomBytes(32));
  const authorityKey = curve.xOnly(curve.publicKey(secretKey));
  const port = await freePortBase(1);
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  write('pool-authority', [encodeAuthoritySecretKey(secretKey)]);
  write('pool-issuer', [toHex(options.mint.issuerSecretKey)]);
  write('pool.toml', [
    `authority_public_key = "${encodeAuthorityPublicKey(authorityKey)}"`,
    `listen_address = "127.0.0.1:${port}"`,
    ...withSource(options),
  ]);
  write('shared.toml', [
    '[bitcoin]',
    'network = "regtest"',
    'rpc_url = "http://127.0.0.1:18443"',
    '[mint]',
    'url = "http://127.0.0.1:3338"',
    `work_link_address = "127.0.0.1:${options.mintPort}"`,
    `work_link_public_key = "${encodeAuthorityPublicKey(options.mint.authorityKey)}"`,
    '[pool]',
    `pool_id = "${toHex(options.mint.poolId)}"`,
  ]);
  const configPath = join(folder, 'pool.toml');
  const args = [...(options.nodeArguments ?? []), entry, '-c', configPath, '-g', join(folder, 'shared.toml')];
  const role = new RoleProcess(args, folder);
  const miners = new Set<RawMiner>();
  t.after(async () => {
    for (const miner of miners) miner.connection.close();
    await role.stop();
    await workers.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    role,
    host: '127.0.0.1',
    port,
    authorityKey,
    configPath,
    outboxPath: join(folder, 'outbox.sqlite'),
    async connect(changes = {}) {
      const miner = await RawMiner.connect({ host: '127.0.0.1', port, authorityKey, workers, ...changes });
      miners.add(miner);
      void miner.connection.closed.then(() => miners.delete(miner));
      return miner;
    },
  };
}

/** Keys stand before tables. */
function withSource({ provider, rewardScript = 'raw(51)', config = [] }: PoolOptions): readonly string[] {
  if (!('address' in provider)) return [...config, ...provider];
  return [
    `tp_address = "${provider.address}"`,
    `tp_authority_public_key = "${encodeAuthorityPublicKey(provider.authorityKey)}"`,
    `coinbase_reward_script = "${rewardScript}"`,
    ...config,
  ];
}

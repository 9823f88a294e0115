import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeAuthorityPublicKey, encodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { freePortBase } from './free-ports.ts';
import { RoleProcess } from './role-process.ts';

const entry = fileURLToPath(new URL('../../roles/template-provider/main.ts', import.meta.url));

export interface ProviderOptions {
  readonly rpcUrl: string;
  readonly rpcAuth: string;
  /** `bitcoin.network` of the shared file (default regtest). */
  readonly network?: string;
  /** Lines of the role's own config, beside the listen address. */
  readonly config?: readonly string[];
}

/** The role, and what its clients must know of it. */
export interface ProviderProcess {
  readonly role: RoleProcess;
  readonly address: string;
  /** x-only, 32 bytes. */
  readonly authorityKey: Uint8Array;
}

/** Starts roles/template-provider as the supervisor does; it ends with the test. */
export async function templateProvider(
  t: Pick<TestContext, 'after'>,
  options: ProviderOptions,
): Promise<ProviderProcess> {
  const { curve } = await loadCrypto();
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-tp-'));
  const secretKey = Uint8Array.from(randomBytes(32));
  const authorityKey = curve.xOnly(curve.publicKey(secretKey));
  const address = `127.0.0.1:${await freePortBase(1)}`;
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  write('bitcoin-rpc', [options.rpcAuth]);
  write('template-provider-authority', [encodeAuthoritySecretKey(secretKey)]);
  write('template-provider-authority.pub', [encodeAuthorityPublicKey(authorityKey)]);
  write('tp.toml', [`listen_address = "${address}"`, ...(options.config ?? [])]);
  write('pool.toml', [
    '[bitcoin]',
    `network = "${options.network ?? 'regtest'}"`,
    `rpc_url = "${options.rpcUrl}"`,
    '[mint]',
    'url = "http://127.0.0.1:3338"',
    'work_link_address = "127.0.0.1:34260"',
    'work_link_public_key = "public:mint-authority.pub"',
    '[pool]',
    'pool_id = "public:pool-id.pub"',
  ]);
  const role = new RoleProcess(
    [entry, '-c', join(folder, 'tp.toml'), '-g', join(folder, 'pool.toml'), '--debug'],
    folder,
  );
  t.after(async () => {
    await role.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { role, address, authorityKey };
}

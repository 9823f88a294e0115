import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeAuthorityPublicKey, encodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { freePortBase } from './free-ports.ts';

const entry = fileURLToPath(new URL('../../roles/template-provider/main.ts', import.meta.url));
const WAIT_LIMIT_MS = 15_000;
const POLL_MS = 10;

export interface ProviderOptions {
  readonly rpcUrl: string;
  readonly rpcAuth: string;
  /** `bitcoin.network` of the shared file (default regtest). */
  readonly network?: string;
  /** Lines of the role's own config, beside the listen address. */
  readonly config?: readonly string[];
}

/** The role as a process of its own. */
export interface ProviderProcess {
  readonly address: string;
  /** x-only, 32 bytes. */
  readonly authorityKey: Uint8Array;
  /** Everything it printed so far. */
  output(): string;
  /** What its supervisor would show: the last status text and its figures. */
  status(): { text: string; figures: Record<string, unknown> };
  /** Resolves when it printed `pattern`, or its status text matches; throws with its output where that never comes. */
  says(pattern: RegExp): Promise<void>;
  /** Ends it by SIGTERM; gives its exit code. */
  stop(): Promise<number | null>;
  readonly exited: Promise<number | null>;
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
  const child = spawn(
    process.execPath,
    [entry, '-c', join(folder, 'tp.toml'), '-g', join(folder, 'pool.toml'), '--debug'],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        STATE_DIRECTORY: folder,
        CREDENTIALS_DIRECTORY: folder,
        PUBLIC_DIRECTORY: folder,
      },
    },
  );
  const provider = observed(child, address, authorityKey);
  t.after(async () => {
    await provider.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return provider;
}

function observed(child: ChildProcess, address: string, authorityKey: Uint8Array): ProviderProcess {
  let output = '';
  let status: { text: string; figures: Record<string, unknown> } = { text: '', figures: {} };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.on('message', (message) => {
    if (isStatus(message)) status = message;
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    address,
    authorityKey,
    exited,
    output: () => output,
    status: () => status,
    async says(pattern) {
      const deadline = Date.now() + WAIT_LIMIT_MS;
      while (!pattern.test(output) && !pattern.test(status.text)) {
        const isOver = Date.now() > deadline || child.exitCode !== null;
        if (isOver)
          throw new Error(
            `the template provider never said ${pattern}; status ${status.text}; output\n${output}`,
          );
        await delay(POLL_MS);
      }
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      return exited;
    },
  };
}

function isStatus(message: unknown): message is { text: string; figures: Record<string, unknown> } {
  return typeof message === 'object' && message !== null && 'text' in message && 'figures' in message;
}

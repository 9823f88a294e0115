import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toHex } from '../../protocols/bytes.ts';
import { encodeAuthorityPublicKey, encodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { freePort, type TestNode } from './bitcoind.ts';

const MAIN = fileURLToPath(new URL('../../roles/mint/main.ts', import.meta.url));
const READY_MS = 30_000;

export interface MintOptions {
  readonly minimumDifficulty?: number;
  readonly policy?: 'target' | 'hash';
}

/** What a role tells its supervisor. */
export interface Said {
  readonly type: string;
  readonly text?: string;
  readonly figures?: Record<string, number | bigint | string>;
}

/** The mint role as a process of its own, on a real node. */
export interface TestMintProcess {
  readonly url: string;
  readonly databasePath: string;
  readonly poolId: Uint8Array;
  readonly issuerSecretKey: Uint8Array;
  /** By which a pool knows the mint, 32 bytes. */
  readonly authorityKey: Uint8Array;
  readonly workLinkPort: number;
  readonly pid: number;
  /** All that the process wrote, over all its lives. */
  readonly output: string;
  /** The last status and figures. */
  readonly said: Said | undefined;
  /** Sends a signal and waits for the end; gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Starts it again on the same state. */
  start(): Promise<void>;
  /** Puts another value in a credential's file, for the next start. */
  setCredential(name: string, value: string): Promise<void>;
}

/** Writes a config, starts the mint and waits until it is ready; it ends with the test. */
export async function startMint(
  t: Pick<TestContext, 'after'>,
  node: Pick<TestNode, 'rpcUrl' | 'rpcAuth'>,
  options: MintOptions = {},
): Promise<TestMintProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'hashpool-mint-role-'));
  const mint = await MintProcess.prepare(folder, node, options);
  t.after(async () => {
    await mint.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  await mint.start();
  return mint;
}

class MintProcess implements TestMintProcess {
  readonly url: string;
  readonly databasePath: string;
  readonly poolId: Uint8Array;
  readonly issuerSecretKey: Uint8Array;
  readonly authorityKey: Uint8Array;
  readonly workLinkPort: number;
  output = '';
  said: Said | undefined;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number, workLinkPort: number, keys: Keys) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.databasePath = join(folder, 'state', 'mint.sqlite');
    this.workLinkPort = workLinkPort;
    this.poolId = keys.poolId;
    this.issuerSecretKey = keys.issuerSecretKey;
    this.authorityKey = keys.authorityKey;
  }

  static async prepare(
    folder: string,
    node: Pick<TestNode, 'rpcUrl' | 'rpcAuth'>,
    options: MintOptions,
  ): Promise<MintProcess> {
    const keys = await newKeys();
    const mint = new MintProcess(folder, await freePort(), await freePort(), keys);
    for (const name of ['state', 'credentials', 'public']) await mkdir(join(folder, name));
    const write = (path: string, text: string) => writeFile(join(folder, path), text, { mode: 0o600 });
    await write('credentials/bitcoin-rpc', node.rpcAuth);
    await write('credentials/mint-seed', randomBytes(32).toString('hex'));
    await write('credentials/mint-authority', encodeAuthoritySecretKey(keys.authoritySecretKey));
    await write('public/mint-authority.pub', encodeAuthorityPublicKey(keys.authorityKey));
    await write('public/pool-issuer.pub', toHex(keys.issuerKey));
    await write('public/pool-id.pub', toHex(keys.poolId));
    await write('mint.config.toml', mint.#config(options));
    await write('pool.toml', mint.#shared(node.rpcUrl));
    return mint;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const env = {
      PATH: process.env['PATH'],
      STATE_DIRECTORY: join(this.#folder, 'state'),
      CREDENTIALS_DIRECTORY: join(this.#folder, 'credentials'),
      PUBLIC_DIRECTORY: join(this.#folder, 'public'),
    };
    const files = ['-c', join(this.#folder, 'mint.config.toml'), '-g', join(this.#folder, 'pool.toml')];
    const child = fork(MAIN, files, { env, execArgv: [], silent: true, serialization: 'advanced' });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the mint is not ready:\n${this.output}`)), READY_MS);
      child.on('message', (said: Said) => {
        if (said.type === 'status') this.said = said;
        if (said.type !== 'ready') return;
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the mint ended with ${code}:\n${this.output}`));
      });
    });
  }

  setCredential(name: string, value: string): Promise<void> {
    return writeFile(join(this.#folder, 'credentials', name), value);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  #config({ minimumDifficulty = 0, policy = 'target' }: MintOptions): string {
    return `
[info]
listen_port = ${new URL(this.url).port}
url = "${this.url}"
[mint_info]
name = "Test mint"
description = "for one test"
[hashpool_mint]
seed = "credential:mint-seed"
[work_link]
listen_address = "127.0.0.1:${this.workLinkPort}"
authority_public_key = "public:mint-authority.pub"
authority_secret_key = "credential:mint-authority"
[ehash]
policy = "${policy}"
minimum_difficulty = ${minimumDifficulty}
[[pool]]
pool_id = "public:pool-id.pub"
issuer_keys = ["public:pool-issuer.pub"]
coinbase_reward_script = "raw(51)"
server_ids = [1]
`;
  }

  #shared(rpcUrl: string): string {
    return `
[bitcoin]
network = "regtest"
rpc_url = "${rpcUrl}"
[mint]
url = "${this.url}"
work_link_address = "127.0.0.1:${this.workLinkPort}"
work_link_public_key = "public:mint-authority.pub"
[pool]
pool_id = "public:pool-id.pub"
`;
  }
}

type Keys = Awaited<ReturnType<typeof newKeys>>;

async function newKeys() {
  const { curve } = await loadCrypto();
  const [poolSecretKey, issuerSecretKey, authoritySecretKey] = [
    randomBytes(32),
    randomBytes(32),
    randomBytes(32),
  ];
  return {
    poolId: curve.publicKey(poolSecretKey),
    issuerSecretKey,
    issuerKey: curve.publicKey(issuerSecretKey),
    authoritySecretKey,
    authorityKey: curve.xOnly(curve.publicKey(authoritySecretKey)),
  };
}

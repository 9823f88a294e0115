import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { toHex } from '../../protocols/bytes.ts';
import { encodeAuthorityPublicKey, encodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import type { TestNode } from './bitcoind.ts';
import { freePortBase } from './free-ports.ts';
import { newPlace } from './new-place.ts';

const MAIN = fileURLToPath(new URL('../../roles/mint/main.ts', import.meta.url));
const READY_MS = 120_000;
const POLL_MS = 20;
/** The status of one that does not sign yet, which it tells before it is ready. */
const HELD = /nothing is signed before the books were compared/;

/** In a node's place, for a mint that is to run without one: nobody listens there. */
export const NO_NODE = { rpcUrl: 'http://127.0.0.1:9', rpcAuth: 'nobody:nothing' };

/** For other projects' wallets: sats over a Lightning network that pays by itself, for a fee per input. */
export const PEER_PAYMENTS = `
[payments]
input_fee_ppk = 100
[payments.bolt11]
backend = "fake"
[payments.fake]
pays_after_ms = 0
`;

export interface MintOptions {
  readonly minimumDifficulty?: number;
  readonly policy?: 'target' | 'hash';
  /** That make a boundary final; the network's unless given. */
  readonly confirmations?: number;
  /** More of the config, in TOML: `[payments]` and what belongs to it. */
  readonly payments?: string;
  /** The descriptor of what the pool's blocks pay; empty where they pay an upstream of its. */
  readonly rewardScript?: string;
  /** More of the pool's table. */
  readonly pool?: string;
  /** A PostgreSQL URL; what `newPlace` gives unless there is one. */
  readonly database?: string;
  /** Another process of the same mint: same keys, and the same database where that is PostgreSQL. */
  readonly beside?: TestMintProcess;
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
  /** The database's file or URL. */
  readonly databasePath: string;
  readonly folder: string;
  readonly poolId: Uint8Array;
  readonly issuerSecretKey: Uint8Array;
  /** By which a pool knows the mint, 32 bytes. */
  readonly authorityKey: Uint8Array;
  readonly workLinkPort: number;
  /** The descriptor of what the pool's blocks pay. */
  readonly rewardScript: string;
  readonly pid: number;
  /** All that the process wrote, over all its lives. */
  readonly output: string;
  /** The last status and figures. */
  readonly said: Said | undefined;
  /** Sends a signal and waits for the end; gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Starts it again on the same state. @param faultPoint where it is to be killed; see runtime/fault-point.ts */
  start(faultPoint?: string): Promise<void>;
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
  readonly rewardScript: string;
  output = '';
  said: Said | undefined;
  readonly folder: string;
  #child: ChildProcess | undefined;

  private constructor(
    folder: string,
    port: number,
    workLinkPort: number,
    keys: PublicKeys,
    database: string | undefined,
    { rewardScript = 'raw(51)' }: MintOptions,
  ) {
    this.rewardScript = rewardScript;
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.databasePath = database ?? join(folder, 'state', 'mint.sqlite');
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
    const { beside } = options;
    const place = beside?.databasePath ?? options.database ?? (await newPlace());
    const database = isPostgres(place) ? place : undefined;
    for (const name of ['state', 'credentials', 'public']) await mkdir(join(folder, name));
    const keys = beside ? await copyKeys(beside, folder) : await writeKeys(folder, node.rpcAuth);
    // It comes back to the same ports after each restart.
    const port = await freePortBase(2);
    const mint = new MintProcess(folder, port, port + 1, keys, database, options);
    if (database) await writeFile(join(folder, 'credentials/mint-database'), database, { mode: 0o600 });
    await writeFile(join(folder, 'mint.config.toml'), mint.#config(options));
    await writeFile(join(folder, 'pool.toml'), mint.#shared(node.rpcUrl));
    return mint;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(faultPoint?: string): Promise<void> {
    const env = {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      STATE_DIRECTORY: join(this.folder, 'state'),
      CREDENTIALS_DIRECTORY: join(this.folder, 'credentials'),
      PUBLIC_DIRECTORY: join(this.folder, 'public'),
      ...(faultPoint === undefined ? {} : { HASHPOOL_FAULT_POINT: faultPoint }),
    };
    const files = ['-c', join(this.folder, 'mint.config.toml'), '-g', join(this.folder, 'pool.toml')];
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
    await this.#untilSigning(child);
  }

  /** On a busy machine it is ready before it has compared its books, and signs nothing till then. */
  async #untilSigning(child: ChildProcess): Promise<void> {
    for (const end = Date.now() + READY_MS; HELD.test(this.said?.text ?? ''); await delay(POLL_MS)) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (Date.now() > end) throw new Error(`the mint does not compare its books:\n${this.output}`);
    }
  }

  setCredential(name: string, value: string): Promise<void> {
    return writeFile(join(this.folder, 'credentials', name), value);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  #config(options: MintOptions): string {
    const { minimumDifficulty = 0, policy = 'target', payments = '' } = options;
    const { pool = '', confirmations } = options;
    return `
[info]
listen_port = ${new URL(this.url).port}
url = "${this.url}"
[mint_info]
name = "Test mint"
description = "for one test"
[hashpool_mint]
seed = "credential:mint-seed"
${isPostgres(this.databasePath) ? 'database = "credential:mint-database"' : ''}
[work_link]
listen_address = "127.0.0.1:${this.workLinkPort}"
authority_public_key = "public:mint-authority.pub"
authority_secret_key = "credential:mint-authority"
[ehash]
policy = "${policy}"
minimum_difficulty = ${minimumDifficulty}
${confirmations === undefined ? '' : `confirmations = ${confirmations}`}
[[pool]]
pool_id = "public:pool-id.pub"
issuer_keys = ["public:pool-issuer.pub"]
${this.rewardScript === '' ? '' : `coinbase_reward_script = "${this.rewardScript}"`}
server_ids = [1]
${/reward_is_cold/.test(pool) ? '' : 'reward_is_cold = true'}
${pool}
${payments}
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

/** What the harness knows of a mint's keys; the rest lies in files. */
type PublicKeys = Pick<TestMintProcess, 'poolId' | 'issuerSecretKey' | 'authorityKey'>;

async function copyKeys(beside: TestMintProcess, folder: string): Promise<PublicKeys> {
  for (const name of ['credentials', 'public']) {
    await cp(join(beside.folder, name), join(folder, name), { recursive: true });
  }
  return beside;
}

/** New keys, in the files that the mint reads them from. */
async function writeKeys(folder: string, rpcAuth: string): Promise<PublicKeys> {
  const { curve } = await loadCrypto();
  const issuerSecretKey = randomBytes(32);
  const authoritySecretKey = randomBytes(32);
  const poolId = curve.publicKey(randomBytes(32));
  const authorityKey = curve.xOnly(curve.publicKey(authoritySecretKey));
  const write = (path: string, text: string) => writeFile(join(folder, path), text, { mode: 0o600 });
  await write('credentials/bitcoin-rpc', rpcAuth);
  await write('credentials/mint-seed', randomBytes(32).toString('hex'));
  await write('credentials/mint-authority', encodeAuthoritySecretKey(authoritySecretKey));
  await write('public/mint-authority.pub', encodeAuthorityPublicKey(authorityKey));
  await write('public/pool-issuer.pub', toHex(curve.publicKey(issuerSecretKey)));
  await write('public/pool-id.pub', toHex(poolId));
  return { poolId, issuerSecretKey, authorityKey };
}

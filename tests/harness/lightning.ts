import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestNode } from './bitcoind.ts';
import { freePortBase } from './free-ports.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SOURCE = fileURLToPath(new URL('../interop/lnd', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
const PACKAGE = 'github.com/lightningnetwork/lnd/cmd/lnd';
const TAGS = 'invoicesrpc routerrpc chainrpc walletrpc signrpc';
const BUILD_LIMIT_MS = 20 * 60_000;
const READY_LIMIT_MS = 180_000;
const POLL_MS = 100;
/** A coinbase can be spent after so many blocks. */
const MATURITY = 100;
const CHANNEL_CONFIRMATIONS = 6;
const CHANNEL_SATS = 5_000_000;
const KEPT_LOG_CHARACTERS = 20_000;

/**
 * Builds lnd with Go, once for each state of tests/interop/lnd, from the modules whose hashes stand there.
 * @returns the program's path
 * @throws Error in words, where Go is missing or the build fails
 */
export async function buildLnd(): Promise<string> {
  const sums = ['go.mod', 'go.sum'].map((file) => readFileSync(join(SOURCE, file)));
  const name = createHash('sha256').update(Buffer.concat(sums)).digest('hex').slice(0, 16);
  const program = join(CACHE, `lnd-${name}`, 'lnd');
  if (existsSync(program)) return program;
  await mkdir(join(CACHE, `lnd-${name}`), { recursive: true });
  const partial = `${program}.${process.pid}`;
  const args = ['build', '-trimpath', '-ldflags=-s -w', '-tags', TAGS, '-o', partial, PACKAGE];
  try {
    await promisify(execFile)('go', args, { cwd: SOURCE, timeout: BUILD_LIMIT_MS });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new Error('go is missing, which builds lnd: install Go 1.24 or newer', { cause });
    }
    throw cause;
  }
  await rename(partial, program);
  return program;
}

/** One Lightning node, spoken to over its own REST API. */
export class LightningNode {
  readonly folder: string;
  readonly restPort: number;
  readonly peerPort: number;
  readonly #program: string;
  readonly #bitcoind: TestNode;
  #child: ChildProcess | undefined;
  #log = '';

  constructor(program: string, bitcoind: TestNode, folder: string, basePort: number) {
    this.#program = program;
    this.#bitcoind = bitcoind;
    this.folder = folder;
    this.restPort = basePort;
    this.peerPort = basePort + 1;
  }

  get restUrl(): string {
    return `https://127.0.0.1:${this.restPort}`;
  }

  /** The certificate that it made for itself, PEM. */
  get certificatePath(): string {
    return join(this.folder, 'tls.cert');
  }

  /** The key to its API, as bytes. */
  get macaroonPath(): string {
    return join(this.folder, 'data/chain/bitcoin/regtest/admin.macaroon');
  }

  /** Starts it and waits until it takes requests and follows the chain. */
  async start(): Promise<void> {
    const colon = this.#bitcoind.rpcAuth.indexOf(':');
    const args = [
      `--lnddir=${this.folder}`,
      '--noseedbackup',
      '--nobootstrap',
      '--trickledelay=50',
      '--debuglevel=info',
      `--listen=127.0.0.1:${this.peerPort}`,
      `--rpclisten=127.0.0.1:${this.restPort + 2}`,
      `--restlisten=127.0.0.1:${this.restPort}`,
      '--bitcoin.regtest',
      '--bitcoin.node=bitcoind',
      `--bitcoind.rpchost=127.0.0.1:${this.#bitcoind.rpcPort}`,
      `--bitcoind.rpcuser=${this.#bitcoind.rpcAuth.slice(0, colon)}`,
      `--bitcoind.rpcpass=${this.#bitcoind.rpcAuth.slice(colon + 1)}`,
      '--bitcoind.rpcpolling',
      '--bitcoind.blockpollinginterval=200ms',
      '--bitcoind.txpollinginterval=200ms',
    ];
    const child = spawn(this.#program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-KEPT_LOG_CHARACTERS);
      });
    }
    this.#child = child;
    await this.until(async () => (await this.call('GET', '/v1/state'))['state'] === 'SERVER_ACTIVE');
    await this.until(async () => (await this.call('GET', '/v1/getinfo'))['synced_to_chain'] === true);
  }

  /** Ends it; all at once where `signal` is SIGKILL. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await closed;
  }

  /** Waits until `probe` gives true; what it throws meanwhile is a node that is not that far. */
  async until(probe: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + READY_LIMIT_MS;
    for (let trouble: unknown; ; ) {
      try {
        if (await probe()) return;
      } catch (error) {
        trouble = error;
      }
      if (Date.now() > deadline || this.#child?.exitCode !== null) {
        throw new Error(`lnd never came so far; its log ends:\n${this.#log}`, { cause: trouble });
      }
      await delay(POLL_MS);
    }
  }

  /** One request of its REST API, with its macaroon. @throws Error with its answer where that is an error */
  call(method: 'GET' | 'POST', path: string, body?: object): Promise<Record<string, unknown>> {
    const options = {
      method,
      ca: readFileSync(this.certificatePath),
      headers: { 'grpc-metadata-macaroon': readFileSync(this.macaroonPath).toString('hex') },
    };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.restUrl}${path}`, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.once('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as Record<string, unknown>);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        });
      });
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** Two Lightning nodes with a channel between them, half of it on each side. */
export async function lightningPair(
  t: Pick<TestContext, 'after'>,
  bitcoind: TestNode,
): Promise<{ mint: LightningNode; payer: LightningNode }> {
  const program = await buildLnd();
  const base = await freePortBase(6);
  const mint = new LightningNode(program, bitcoind, temporaryFolder(), base);
  const payer = new LightningNode(program, bitcoind, temporaryFolder(), base + 3);
  t.after(async () => {
    await Promise.all([mint.stop('SIGKILL'), payer.stop('SIGKILL')]);
  });
  await bitcoind.generate(1);
  await Promise.all([mint.start(), payer.start()]);
  await openChannel(bitcoind, payer, mint);
  return { mint, payer };
}

async function openChannel(bitcoind: TestNode, from: LightningNode, to: LightningNode): Promise<void> {
  const { address } = await from.call('GET', '/v1/newaddress');
  await bitcoind.generate(1, String(address));
  await bitcoind.generate(MATURITY);
  await from.until(
    async () => Number((await from.call('GET', '/v1/balance/blockchain'))['confirmed_balance']) > 0,
  );
  const key = await connect(from, to);
  await from.call('POST', '/v1/channels', {
    node_pubkey_string: key,
    local_funding_amount: String(CHANNEL_SATS),
    push_sat: String(CHANNEL_SATS / 2),
  });
  await bitcoind.generate(CHANNEL_CONFIRMATIONS);
  // A channel is shown as active before payments find their way through it.
  await from.until(() => pays(from, to));
  await to.until(() => pays(to, from));
}

/** Connects one node to the other, whose key it gives. @throws Error where they are connected */
export async function connect(from: LightningNode, to: LightningNode): Promise<string> {
  const { identity_pubkey } = await to.call('GET', '/v1/getinfo');
  const addr = { pubkey: identity_pubkey, host: `127.0.0.1:${to.peerPort}` };
  await from.call('POST', '/v1/peers', { addr });
  return String(identity_pubkey);
}

/** Whether one sat goes from one node to the other. */
async function pays(from: LightningNode, to: LightningNode): Promise<boolean> {
  const { payment_request } = await to.call('POST', '/v1/invoices', { value: '1' });
  const { payment_error: trouble } = await from.call('POST', '/v1/channels/transactions', {
    payment_request,
  });
  return trouble === '';
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePortBase } from '../harness/free-ports.ts';
import { NO_NODE, startMint } from '../harness/mint.ts';
import { installNutshell } from '../harness/nutshell-peer.ts';
import { testPostgres } from '../harness/postgres.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

/** A mint as a process of its own, which takes sats over a Lightning network that pays by itself, and no fees. */
export interface HttpMint {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

export interface HttpMintKind {
  readonly name: string;
  /** Requests of one run: enough for the clock that counts its CPU, and no more than it does in some seconds. */
  readonly requests: number;
  open(): Promise<HttpMint>;
}

const READY_MS = 60_000;
const POLL_MS = 100;

/** @param database undefined for SQLite */
async function ourMint(database?: string): Promise<HttpMint> {
  const closers: (() => unknown)[] = [];
  const session = { after: (close: () => unknown) => void closers.push(close) };
  const payments = '[payments]\n[payments.bolt11]\nbackend = "fake"\n[payments.fake]\npays_after_ms = 0';
  const mint = await startMint(session, NO_NODE, { payments, ...(database ? { database } : {}) });
  return {
    url: mint.url,
    pid: mint.pid,
    close: async () => {
      for (const close of closers.reverse()) await close();
    },
  };
}

async function nutshell(): Promise<HttpMint> {
  const programs = await installNutshell();
  const folder = temporaryFolder();
  const port = await freePortBase(1);
  const settings = {
    HOME: folder,
    CASHU_DIR: folder,
    TOR: 'FALSE',
    DEBUG: 'FALSE',
    LOG_LEVEL: 'ERROR',
    MINT_PRIVATE_KEY: 'of a bench alone',
    MINT_BACKEND_BOLT11_SAT: 'FakeWallet',
    MINT_DATABASE: join(folder, 'mint'),
    MINT_RATE_LIMIT: 'FALSE',
    MINT_INPUT_FEE_PPK: '0',
    FAKEWALLET_DELAY_INCOMING_PAYMENT: '0',
    MINT_LISTEN_PORT: String(port),
  };
  const child = spawn(join(programs, 'mint'), {
    env: { ...process.env, ...settings },
    cwd: folder,
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  process.once('exit', () => child.kill('SIGKILL'));
  for (const until = Date.now() + READY_MS; ; await delay(POLL_MS)) {
    const answers = await fetch(`${url}/v1/keys`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return { url, pid: child.pid ?? 0, close };
    if (Date.now() > until || child.exitCode !== null) {
      await close();
      throw new Error("Nutshell's mint does not start");
    }
  }
}

export const httpMints: readonly HttpMintKind[] = [
  { name: 'ours on SQLite', requests: 600, open: () => ourMint() },
  {
    name: 'ours on PostgreSQL',
    requests: 600,
    open: async () => ourMint(await (await testPostgres()).newDatabase()),
  },
  { name: 'peer Nutshell on SQLite', requests: 60, open: nutshell },
];

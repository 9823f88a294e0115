import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = fileURLToPath(new URL('../interop/sri', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
/** Of the folders with what was built, one for each state of the sources, of which the latest is kept. */
const PREFIX = 'sri-';
const BUILD_LIMIT_MS = 20 * 60_000;
const RUN_LIMIT_MS = 180_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** One line of the peer. */
export interface PeerCheck {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * Builds tests/interop/sri with cargo, once for each state of its sources.
 * @returns the program's path
 * @throws Error in words, where cargo is missing or the build fails
 */
export async function buildSriPeer(): Promise<string> {
  const target = join(CACHE, `${PREFIX}${hashOfSource()}`);
  const args = ['build', '--quiet', '--manifest-path', join(SOURCE, 'Cargo.toml'), '--target-dir', target];
  try {
    await promisify(execFile)('cargo', args, { timeout: BUILD_LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new Error('cargo is missing, which builds the SRI peer: apt-get install cargo-web', { cause });
    }
    throw cause;
  }
  for (const name of readdirSync(CACHE)) {
    const isOlder = name.startsWith(PREFIX) && join(CACHE, name) !== target;
    if (isOlder) rmSync(join(CACHE, name), { recursive: true, force: true });
  }
  return join(target, 'debug', 'sri-peer');
}

function hashOfSource(): string {
  const hash = createHash('sha256');
  const files = readdirSync(join(SOURCE, 'src')).sort();
  for (const file of ['Cargo.toml', ...files.map((name) => join('src', name))]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(SOURCE, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** The running peer, and what it found. */
export class SriPeer {
  readonly checks: PeerCheck[] = [];
  /** The exit code, null where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #words = '';
  #rest = '';
  #isOver = false;
  #wake: () => void = () => undefined;

  /** @param args the role, then `--name=value` */
  constructor(t: Pick<TestContext, 'after'>, program: string, args: readonly string[]) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_LIMIT_MS });
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words += text;
    });
    this.#child = child;
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.#isOver = true;
        this.#wake();
        resolve(code);
      });
    });
    t.after(async () => {
      this.#child.kill();
      await this.ended;
    });
  }

  /** The detail of a check, as soon as it is made. */
  async detailOf(check: string): Promise<string> {
    for (;;) {
      const found = this.checks.find((each) => each.check === check);
      if (found) return found.detail;
      if (this.#isOver)
        throw new Error(`the peer never came to "${check}": ${this.#words}\n${this.#shown()}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits for its end; throws with its words unless all went well. Gives the names of the checks, in order. */
  async finish(): Promise<string[]> {
    const code = await this.ended;
    if (code !== 0) throw new Error(`the peer ended with ${code}: ${this.#words}\n${this.#shown()}`);
    return this.checks.map(({ check }) => check);
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.checks.push(JSON.parse(line) as PeerCheck);
    this.#wake();
  }

  #shown(): string {
    return this.checks.map(({ check, ok, detail }) => `${ok ? 'ok' : 'NOT'} ${check}: ${detail}`).join('\n');
  }
}

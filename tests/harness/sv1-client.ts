import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { PATIENCE_MS } from './patience.ts';
import { headerOf, jobOfNotify, type Sv1Job, shareHash, targetOf, workOf } from './sv1-work.ts';

const NONCES = 2 ** 32;

export interface Sv1Answer {
  id: number | string | null;
  result: unknown;
  /** [code, words, null], or null. */
  error: [number, string, unknown] | null;
}

export interface Sv1Note {
  method: string;
  params: unknown[];
}

/** A share that meets the job's difficulty, in the form `mining.submit` takes it. */
export interface Sv1Share {
  jobId: string;
  extranonce2: string;
  ntime: string;
  nonce: string;
  versionBits: string | undefined;
  header: Buffer;
  /** Display order. */
  hash: string;
}

/** An SV1 miner for tests: speaks every method, mines real shares, can send any bytes. */
export class Sv1Client {
  readonly socket: Socket;
  /** Everything the server said unasked, oldest first. */
  readonly notes: Sv1Note[] = [];
  /** Ids of the requests that were answered, in the order of the answers. */
  readonly answered: (number | string)[] = [];
  /** Answers to no request of ours (id null): to malformed lines. */
  readonly strayAnswers: Sv1Answer[] = [];
  extranonce1 = '';
  extranonce2Size = 0;
  difficulty = 0;
  versionMask = 0;
  job: Sv1Job | undefined;
  closed = false;
  /** How long an answer is waited for. */
  patienceMs = PATIENCE_MS;
  readonly #waiting = new Map<number | string, (answer: Sv1Answer) => void>();
  readonly #watchers = new Set<() => void>();
  readonly #hash: Hash;
  #buffer = '';
  #nextId = 1;
  #nextExtranonce2 = 0;

  constructor(socket: Socket, hash: Hash) {
    this.socket = socket;
    this.#hash = hash;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Sends a request and waits for its answer; rejects when the connection closes first. */
  async request(method: string, params: unknown[] = []): Promise<Sv1Answer> {
    const id = this.#nextId++;
    let answer: Sv1Answer | undefined;
    this.#waiting.set(id, (value) => {
      answer = value;
    });
    this.sendRaw(`${JSON.stringify({ id, method, params })}\n`);
    const answered = (): boolean => answer !== undefined || this.closed;
    await this.until(answered, `the answer to ${method}`, this.patienceMs);
    if (answer === undefined) throw new Error(`the server closed before it answered ${method}`);
    return answer;
  }

  sendRaw(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** BIP310 version rolling; the mask granted is kept and rolled by `mineShare`. */
  async configure(mask = '1fffe000'): Promise<Sv1Answer> {
    const answer = await this.request('mining.configure', [
      ['version-rolling'],
      { 'version-rolling.mask': mask, 'version-rolling.min-bit-count': 2 },
    ]);
    const granted = answer.result as Record<string, unknown> | null;
    if (granted?.['version-rolling'] === true) {
      this.versionMask = Number.parseInt(String(granted['version-rolling.mask']), 16);
    }
    return answer;
  }

  async subscribe(agent = 'hashpool-test/1'): Promise<Sv1Answer> {
    const answer = await this.request('mining.subscribe', [agent]);
    if (Array.isArray(answer.result)) {
      this.extranonce1 = String(answer.result[1]);
      this.extranonce2Size = Number(answer.result[2]);
    }
    return answer;
  }

  authorize(username: string, password = 'x'): Promise<Sv1Answer> {
    return this.request('mining.authorize', [username, password]);
  }

  /** Subscribes, authorizes and waits for the first job: ready to mine. */
  async start(username: string, password = 'x'): Promise<Sv1Job> {
    await this.subscribe();
    const authorized = await this.authorize(username, password);
    if (authorized.result !== true) throw new Error(`refused: ${JSON.stringify(authorized.error)}`);
    return this.waitForJob();
  }

  async waitForJob(after?: Sv1Job): Promise<Sv1Job> {
    await this.until(() => this.job !== undefined && this.job !== after, 'a job');
    if (this.job === undefined) throw new Error('no job');
    return this.job;
  }

  /** Waits for a note of that method from now on, or takes the first one seen since `from`. */
  async note(method: string, from = this.notes.length): Promise<Sv1Note> {
    const find = () => this.notes.slice(from).find((note) => note.method === method);
    await this.until(() => find() !== undefined, method);
    return find() as Sv1Note;
  }

  /** Rolls extranonce2 and nonce until a hash meets the difficulty (regtest's are low). */
  mineShare(options: { job?: Sv1Job; difficulty?: number; rollVersion?: boolean } = {}): Sv1Share {
    const job = options.job ?? this.job;
    if (job === undefined) throw new Error('no job to mine on');
    const target = targetOf(options.difficulty ?? this.difficulty);
    const bits = options.rollVersion === true ? this.versionMask & -this.versionMask : undefined;
    const jobVersion = Number.parseInt(job.version, 16);
    const version = bits === undefined ? jobVersion : (jobVersion & ~this.versionMask) | bits;
    const extranonce2 = (this.#nextExtranonce2++).toString(16).padStart(2 * this.extranonce2Size, '0');
    const roll = { extranonce1: this.extranonce1, extranonce2, ntime: job.ntime, version, nonce: 0 };
    const header = headerOf(job, roll);
    const nonce = this.#search(header, target);
    return {
      jobId: job.jobId,
      extranonce2,
      ntime: job.ntime,
      nonce: hex32(nonce),
      versionBits: bits === undefined ? undefined : hex32(bits),
      header,
      hash: shareHash(header),
    };
  }

  submit(username: string, share: Sv1Share): Promise<Sv1Answer> {
    const params = [username, share.jobId, share.extranonce2, share.ntime, share.nonce];
    if (share.versionBits !== undefined) params.push(share.versionBits);
    return this.request('mining.submit', params);
  }

  /** Polls until `ready` holds; looks again whenever the server says something. */
  async until(ready: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!ready()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited ${patienceMs} ms for ${what}`);
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#watchers.delete(done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(left, 100));
        this.#watchers.add(done);
      });
    }
  }

  async untilClosed(patienceMs = PATIENCE_MS): Promise<void> {
    await this.until(() => this.closed, 'the server to close the connection', patienceMs);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Writes the first nonce into `header` that meets `target`: found by our hash, judged by node:crypto's. */
  #search(header: Buffer, target: bigint): number {
    const zeroBits = 256 - target.toString(2).length;
    for (let nonce = 0; nonce < NONCES; nonce++) {
      const found = this.#hash.scanNonces(header, nonce, NONCES - nonce, zeroBits);
      if (found === undefined) break;
      nonce = found;
      header.writeUInt32LE(nonce, 76);
      if (workOf(header) <= target) return nonce;
    }
    throw new Error('the nonces ran out');
  }

  #read(text: string): void {
    this.#buffer += text;
    const lines = this.#buffer.split('\n');
    this.#buffer = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#take(JSON.parse(line));
    this.#wake();
  }

  #take(message: Sv1Answer & Sv1Note): void {
    if (typeof message.method === 'string') {
      this.notes.push({ method: message.method, params: message.params });
      this.#follow(message.method, message.params);
      return;
    }
    const waiting = message.id === null ? undefined : this.#waiting.get(message.id);
    if (waiting === undefined || message.id === null) {
      this.strayAnswers.push(message);
      return;
    }
    this.#waiting.delete(message.id);
    this.answered.push(message.id);
    waiting(message);
  }

  #follow(method: string, params: unknown[]): void {
    if (method === 'mining.notify') this.job = jobOfNotify(params);
    if (method === 'mining.set_difficulty') this.difficulty = Number(params[0]);
    if (method === 'mining.set_version_mask') this.versionMask = Number.parseInt(String(params[0]), 16);
    if (method === 'mining.set_extranonce') {
      this.extranonce1 = String(params[0]);
      this.extranonce2Size = Number(params[1]);
    }
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Connects to an SV1 server that speaks TLS. Close the client at the test's end. */
export async function connectSv1ByTls(port: number, ca: string): Promise<Sv1Client> {
  const { hash } = await loadCrypto();
  const socket = connectTls({ port, host: '127.0.0.1', ca });
  await once(socket, 'secureConnect');
  return new Sv1Client(socket, hash);
}

/** Connects to an SV1 server. Close the client at the test's end. */
export async function connectSv1(port: number, host = '127.0.0.1'): Promise<Sv1Client> {
  const { hash } = await loadCrypto();
  const socket = connect(port, host);
  await once(socket, 'connect');
  return new Sv1Client(socket, hash);
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

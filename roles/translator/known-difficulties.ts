import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { exponentAtMost, leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { messageOf } from '../../protocols/errors.ts';
import { MAX_DIFFICULTY_BITS } from '../../protocols/sv1/difficulty.ts';
import type { Logger } from '../../runtime/logs.ts';

/** Workers that are remembered; of more, the one not heard of for longest goes. */
export const MAX_KNOWN_WORKERS = 20_000;
/** A worker that was away for longer begins as a new one. */
export const KNOWN_MS = 30 * 24 * 3_600_000;
/** How often changes are written to the file; they are hints, so that a crash may lose the last. */
const SAVE_MS = 60_000;
/** What is heard of a worker more often than so does not change when it was heard of. */
const HEARD_MS = 3_600_000;

interface Known {
  readonly bits: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The difficulty that each worker's shares had last, by its user name, so that it begins with that when it is back. */
export class KnownDifficulties {
  readonly #path: string;
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #known: Map<string, Known>;
  /** Targets are few, and each is one object for many shares. */
  readonly #bitsOf = new WeakMap<Uint8Array, number>();
  readonly #saving: NodeJS.Timeout;
  #isChanged = false;

  /** @param clock milliseconds since 1970 */
  constructor(path: string, log: Logger, clock = Date.now) {
    this.#path = path;
    this.#log = log;
    this.#clock = clock;
    this.#known = new Map(read(path, log));
    this.#saving = setInterval(() => void this.save(), SAVE_MS);
  }

  /** @returns the exponent of hashes per share; undefined where the worker was not seen lately */
  recall(worker: string): number | undefined {
    const known = this.#known.get(worker);
    return known && this.#clock() - known.at < KNOWN_MS ? known.bits : undefined;
  }

  /** A share of the worker was accepted. @param targetLe its job's */
  note(worker: string, targetLe: Uint8Array): void {
    const bits = this.#bits(targetLe);
    const at = this.#clock();
    const before = this.#known.get(worker);
    if (before?.bits === bits && at - before.at < HEARD_MS) return;
    this.#isChanged = true;
    this.#known.delete(worker);
    this.#known.set(worker, { bits, at });
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > MAX_KNOWN_WORKERS && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Writes what is known to the file. That it can't be written costs a worker its start, and no share. */
  async save(): Promise<void> {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const lines = [...this.#known].map(([worker, { bits, at }]) => JSON.stringify([worker, bits, at]));
    try {
      await writeFile(`${this.#path}.next`, `${lines.join('\n')}\n`, { mode: 0o600 });
      await rename(`${this.#path}.next`, this.#path);
    } catch (error) {
      this.#log.warn({ err: error }, `the workers' difficulties could not be written: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#saving);
    await this.save();
  }

  #bits(targetLe: Uint8Array): number {
    const known = this.#bitsOf.get(targetLe);
    if (known !== undefined) return known;
    const bits = exponentAtMost(leBytesToTarget(targetLe));
    this.#bitsOf.set(targetLe, bits);
    return bits;
  }
}

function read(path: string, log: Logger): [string, Known][] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isNew = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isNew) log.warn({ err: error }, `the workers' difficulties can't be read: ${messageOf(error)}`);
    return [];
  }
  return text
    .split('\n')
    .flatMap((line) => parse(line) ?? [])
    .slice(-MAX_KNOWN_WORKERS);
}

/** @returns undefined for what is no line of ours */
function parse(line: string): [[string, Known]] | undefined {
  try {
    const [worker, bits, at]: unknown[] = JSON.parse(line);
    const isBits =
      typeof bits === 'number' && Number.isInteger(bits) && bits >= 0 && bits <= MAX_DIFFICULTY_BITS;
    return typeof worker === 'string' && isBits && typeof at === 'number'
      ? [[worker, { bits, at }]]
      : undefined;
  } catch {
    return undefined;
  }
}

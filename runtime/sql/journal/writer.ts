import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { framesOf, journalFiles, SUFFIX } from './reader.ts';

/** A file that has grown to this, or is so old, is followed by a new one, so that old ones can be dropped. */
const SEGMENT_BYTES = 64 << 20;
const SEGMENT_MS = 3_600_000;

/** Appends frames to files of its own: no two processes write to one. */
export class JournalWriter {
  readonly #folder: string;
  #fd: number | undefined;
  #size = 0;
  #openedAt = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Returns once the bytes are on the disk. After a failure the next frame goes to a new file: what the failed one
   * holds is then nobody's guess but the reader's, who tells a torn tail.
   * @throws HashpoolError 'journal-unwritable'
   */
  append(bytes: Uint8Array): void {
    try {
      if (Date.now() - this.#openedAt >= SEGMENT_MS) this.close();
      const fd = this.#fd ?? this.#open();
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      fdatasyncSync(fd);
      this.#size += bytes.length;
      if (this.#size >= SEGMENT_BYTES) this.close();
    } catch (cause) {
      this.close();
      throw new HashpoolError(
        'journal-unwritable',
        `the journal in ${this.#folder} can't be written, so that nothing is changed: ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#openedAt = Date.now();
    const name = `${this.#openedAt}-${randomBytes(4).toString('hex')}${SUFFIX}`;
    const fd = openSync(join(this.#folder, name), 'ax', 0o600);
    this.#fd = fd;
    this.#size = 0;
    const folder = openSync(this.#folder, 'r');
    fsyncSync(folder);
    closeSync(folder);
    return fd;
  }
}

/**
 * Drops the files that hold nothing but what came before a transaction, and that nobody writes to any more. The one with
 * the transaction itself stays, and so does the newest: they show whose journal it is to a database that is no further.
 * @param now milliseconds since 1970
 * @returns how many
 * @throws HashpoolError 'journal-damaged'
 */
export function dropUpTo(folder: string, seq: bigint, now: number): number {
  const files = journalFiles(folder).toSorted((a, b) => begunAt(a) - begunAt(b));
  const old = files.slice(0, -1).filter((file) => {
    if (now - begunAt(file) < 2 * SEGMENT_MS) return false;
    return framesOf(file).every((frame) => frame.seq < seq);
  });
  for (const file of old) rmSync(file);
  return old.length;
}

/** When a file was begun, in milliseconds since 1970: its name says so. */
function begunAt(file: string): number {
  return Number.parseInt(basename(file), 10);
}

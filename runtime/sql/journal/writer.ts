import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { SUFFIX } from './reader.ts';

/** A file that has grown to this is followed by a new one, so that old ones can be dropped. */
const SEGMENT_BYTES = 64 << 20;

/** Appends frames to files of its own: no two processes write to one. */
export class JournalWriter {
  readonly #folder: string;
  #fd: number | undefined;
  #size = 0;

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
    const name = `${Date.now()}-${randomBytes(4).toString('hex')}${SUFFIX}`;
    const fd = openSync(join(this.#folder, name), 'ax', 0o600);
    this.#fd = fd;
    this.#size = 0;
    const folder = openSync(this.#folder, 'r');
    fsyncSync(folder);
    closeSync(folder);
    return fd;
  }
}

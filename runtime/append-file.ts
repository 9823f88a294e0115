import { closeSync, fdatasync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const FOR_OWNER_ALONE = 0o600;
const flushToDisk = promisify(fdatasync);

/**
 * A file that is added to at its end. What was appended is safe from a crash of this process at once, and from the loss
 * of power after `sync`. Errors are those of node:fs.
 */
export class AppendFile {
  readonly #path: string;
  #fd: number;
  #size: number;

  /** Opens the file, or makes it. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'a', FOR_OWNER_ALONE);
    this.#size = this.read().length;
  }

  /** Bytes of it. */
  get size(): number {
    return this.#size;
  }

  read(): Buffer {
    return readFileSync(this.#path);
  }

  append(bytes: Uint8Array): void {
    writeWhole(this.#fd, bytes);
    this.#size += bytes.length;
  }

  sync(): Promise<void> {
    return flushToDisk(this.#fd);
  }

  /** Puts other contents in the place of the old ones: after a crash there are the ones or the others, whole. */
  replace(bytes: Uint8Array): void {
    const next = `${this.#path}.next`;
    const fd = openSync(next, 'w', FOR_OWNER_ALONE);
    try {
      writeWhole(fd, bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(next, this.#path);
    syncFolder(dirname(this.#path));
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, 'a', FOR_OWNER_ALONE);
    this.#size = bytes.length;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** The new name is safe from the loss of power only once the folder that holds it is. */
function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

import { toHex, utf8 } from '../../../protocols/bytes.ts';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { AppendFile } from '../../../runtime/append-file.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { type KeptBlock, lineOf, readLine } from './kept-block.ts';

/**
 * The found blocks that the node is not known to have, in a file: a line of JSON each, of one block the last line
 * counts. Once a block need not be kept the file is written anew without it, so that it is empty nearly always.
 */
export class BlockFile {
  /** What the last process left. */
  readonly recovered: readonly KeptBlock[];
  readonly #file: AppendFile;
  readonly #log: Pick<Logger, 'error' | 'warn'>;
  readonly #kept = new Map<string, KeptBlock>();

  /**
   * @param path of the file, made where it is missing
   * @throws HashpoolError 'found-blocks-unusable'
   */
  constructor(path: string, log: Pick<Logger, 'error' | 'warn'>) {
    this.#log = log;
    try {
      this.#file = new AppendFile(path);
    } catch (cause) {
      const message = `found blocks can't be kept in ${path}: ${messageOf(cause)}; see to its folder, or change found_blocks_path`;
      throw new HashpoolError('found-blocks-unusable', message, { cause });
    }
    const lines = this.#file.read().toString().split('\n');
    for (const line of lines.filter((text) => text !== '')) {
      const kept = readLine(line);
      if (kept) this.#kept.set(toHex(kept.block.hashLe), kept);
      else
        log.warn(
          `a line of ${path} can't be read and is left out: it was being written when power went, or changed by hand`,
        );
    }
    this.recovered = [...this.#kept.values()];
  }

  /** Keeps a block, or more of it: from a crash of this process at once, from the loss of power within the same second. */
  keep(kept: KeptBlock): void {
    this.#kept.set(toHex(kept.block.hashLe), kept);
    this.#guarded(() => {
      // On a line of its own, also behind one that was torn.
      this.#file.append(utf8(`\n${lineOf(kept)}`));
      this.#file.sync().catch((error: unknown) => this.#failed(error));
    });
  }

  drop(hashLe: Uint8Array): void {
    if (!this.#kept.delete(toHex(hashLe))) return;
    this.#guarded(() => this.#file.replace(utf8([...this.#kept.values()].map(lineOf).join(''))));
  }

  close(): void {
    this.#file.close();
  }

  /** A block is handed in all the same; only a crash would lose it. */
  #guarded(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#log.error({ err: error }, `found blocks could not be written to the disk: ${messageOf(error)}`);
  }
}

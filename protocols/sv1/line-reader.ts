import { HashpoolError } from '../errors.ts';
import { MAX_LINE_BYTES } from './line.ts';

const NEWLINE = 0x0a;

/** Cuts a socket's bytes into lines; what it keeps between two chunks is never more than one line's cap. */
export class LineReader {
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  /** @param maxBytes longest line, its newline not counted */
  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * @param takeLine is given each whole line without its newline, in order; blank lines are left out
   * @throws HashpoolError 'sv1-line-too-long', after the lines before it were taken
   */
  read(chunk: Buffer, takeLine: (line: string) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (line !== '') takeLine(line);
    }
    this.#keep(chunk.subarray(start));
  }

  #complete(part: Buffer): string {
    this.#keep(part);
    const line = this.#rest.toString('utf8').trim();
    this.#rest = Buffer.alloc(0);
    return line;
  }

  #keep(part: Buffer): void {
    if (this.#rest.length + part.length > this.#maxBytes) {
      throw new HashpoolError('sv1-line-too-long', `a line is longer than ${this.#maxBytes} bytes`);
    }
    this.#rest = this.#rest.length === 0 ? Buffer.from(part) : Buffer.concat([this.#rest, part]);
  }
}

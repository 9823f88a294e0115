import { HashpoolError } from '../errors.ts';
import { MAX_LINE_BYTES } from './line.ts';

const NEWLINE = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/** Cuts a socket's bytes into lines; what it keeps between two chunks is never more than one line's cap. */
export class LineReader {
  readonly #maxBytes: number;
  #rest = NOTHING;

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
      const line = this.#complete(chunk, start, end);
      start = end + 1;
      if (line !== '') takeLine(line);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #complete(chunk: Buffer, start: number, end: number): string {
    // Most lines come whole, and need no copy.
    if (this.#rest.length === 0 && end - start <= this.#maxBytes)
      return chunk.toString('utf8', start, end).trim();
    this.#keep(chunk.subarray(start, end));
    const line = this.#rest.toString('utf8').trim();
    this.#rest = NOTHING;
    return line;
  }

  #keep(part: Buffer): void {
    if (this.#rest.length + part.length > this.#maxBytes) {
      throw new HashpoolError('sv1-line-too-long', `a line is longer than ${this.#maxBytes} bytes`);
    }
    this.#rest = this.#rest.length === 0 ? Buffer.from(part) : Buffer.concat([this.#rest, part]);
  }
}

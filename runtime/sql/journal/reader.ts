import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import { decodeFrame, type Frame, findFrame, frameLength } from './frame.ts';

/** What a journal's files end with. */
export const SUFFIX = '.journal';
/** Read at once, and more where one frame is longer. */
const PORTION = 1 << 20;

/** How far a database or a journal goes. */
export interface Position {
  readonly seq: bigint;
  readonly chain: Uint8Array;
}

/** The files of a journal, in no order. */
export function journalFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => join(folder, name));
}

/**
 * The frames of one file. A torn tail, which a crash leaves, ends it.
 * @throws HashpoolError 'journal-damaged' where whole frames follow on one that is not
 */
export function* framesOf(file: string): Generator<Frame> {
  const fd = openSync(file, 'r');
  try {
    let bytes = Buffer.alloc(0);
    let at = 0;
    for (;;) {
      const found = decodeFrame(bytes);
      if (found) {
        yield found.frame;
        bytes = bytes.subarray(found.length);
        continue;
      }
      const wanted = Math.max(PORTION, frameLength(bytes) ?? 0);
      const more = Buffer.alloc(wanted);
      const count = bytes.length < wanted ? readSync(fd, more, 0, wanted, at) : 0;
      if (count === 0) break;
      at += count;
      bytes = Buffer.concat([bytes, more.subarray(0, count)]);
    }
    if (bytes.length > 0) checkTorn(file);
  } finally {
    closeSync(fd);
  }
}

/** A torn tail is the last thing in its file. */
function checkTorn(file: string): void {
  let rest = readFileSync(file);
  for (let found = decodeFrame(rest); found; found = decodeFrame(rest)) rest = rest.subarray(found.length);
  for (let at = findFrame(rest, 1); at >= 0; at = findFrame(rest, at + 1)) {
    if (!decodeFrame(rest.subarray(at))) continue;
    throw new HashpoolError(
      'journal-damaged',
      `${file} has whole frames after one that is damaged; restore it from its copy`,
    );
  }
}

/**
 * The frames that follow on a position, of the files of all processes that wrote to one database. A transaction that
 * was noted and then failed leaves a frame that nothing follows on; at the very end, where nothing can follow, the
 * latest counts: it may have been answered. Which that is, a server's numbers tell over all processes, whose clocks
 * may differ.
 * @throws HashpoolError 'journal-damaged', 'journal-gap' where there are later frames that don't follow, 'journal-tie'
 */
export function* framesAfter(files: readonly string[], start: Position): Generator<Frame> {
  const cursors = files.map((file) => new Cursor(file));
  try {
    for (let at = start; ; ) {
      for (const cursor of cursors) cursor.skipTo(at.seq + 1n);
      const tried = cursors.map((cursor) => cursor.take(at.seq + 1n));
      const later = cursors.flatMap((cursor) => cursor.next ?? []);
      const follows = ({ previous }: Frame) => equalBytes(previous, at.chain);
      const frame = choose(
        tried.map((frames) => frames.filter(follows)),
        later,
      );
      if (!frame) {
        if (tried.flat().length + later.length > 0) throw gap(at.seq);
        return;
      }
      yield frame;
      at = frame;
    }
  } finally {
    for (const cursor of cursors) cursor.close();
  }
}

/** Whether a transaction is among those of the journal. @throws HashpoolError 'journal-damaged' */
export function holds(files: readonly string[], { seq, chain }: Position): boolean {
  return files.some((file) =>
    framesOf(file).some((frame) => frame.seq === seq && equalBytes(frame.chain, chain)),
  );
}

/** @param tried what may come next, of each file, in its order */
function choose(tried: readonly (readonly Frame[])[], later: readonly Frame[]): Frame | undefined {
  const followed = tried
    .flat()
    .find(({ chain }) => later.some(({ previous }) => equalBytes(previous, chain)));
  if (followed) return followed;
  const lastOnes = tried.flatMap((frames) => frames.at(-1) ?? []);
  const latest = lastOnes.toSorted(byTurn).at(-1);
  // A file may be there twice, as its copy.
  const rival =
    latest && lastOnes.find((frame) => byTurn(frame, latest) === 0 && !equalBytes(frame.chain, latest.chain));
  if (!rival) return latest;
  throw new HashpoolError(
    'journal-tie',
    `the journal ends with two transactions of number ${rival.seq} at the same time, by two processes without a server's count: either may have been answered`,
  );
}

/** In the order of their turns, or where one has none, of their clocks. */
function byTurn(a: Frame, b: Frame): number {
  return a.turn !== undefined && b.turn !== undefined ? Number(a.turn - b.turn) : a.time - b.time;
}

function gap(seq: bigint): HashpoolError {
  return new HashpoolError(
    'journal-gap',
    `the journal holds later transactions, and none that follows on number ${seq} of this database: files are missing, or they are another database's`,
  );
}

/** A place in one file. */
class Cursor {
  readonly #frames: Generator<Frame>;
  #next: Frame | undefined;

  constructor(file: string) {
    this.#frames = framesOf(file);
    this.#advance();
  }

  get next(): Frame | undefined {
    return this.#next;
  }

  skipTo(seq: bigint): void {
    while (this.#next && this.#next.seq < seq) this.#advance();
  }

  /** The frames of that number: several, where one failed and was tried again. */
  take(seq: bigint): Frame[] {
    const taken: Frame[] = [];
    while (this.#next?.seq === seq) {
      taken.push(this.#next);
      this.#advance();
    }
    return taken;
  }

  close(): void {
    this.#frames.return(undefined);
  }

  #advance(): void {
    const { value, done } = this.#frames.next();
    this.#next = done ? undefined : value;
  }
}

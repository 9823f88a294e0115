import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { HashpoolError, isHashpoolError } from '../../../protocols/errors.ts';
import { faultPoint } from '../../fault-point.ts';
import type { Call, Tasks } from '../../workers/channel.ts';
import { type Database, inTransaction, type Row } from '../database.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { framesAfter, holds, journalFiles, type Position } from './reader.ts';
import { JournalWriter } from './writer.ts';

/** For these a database is frozen rather than not opened. A journal that is missing is not among them: disks come back. */
const TROUBLES = ['journal-damaged', 'journal-gap', 'journal-tie', 'journal-replay'];

/** What a store says of its operations, where it can be frozen and journalled. */
export interface JournalRules {
  /** Operations that a journal notes: pure in database and input, so that they can be done again. */
  readonly noted: ReadonlySet<string>;
  /** Operations that are not noted, and refused as those are while the database is frozen. */
  readonly held: ReadonlySet<string>;
  /** What callers get while it is frozen. @param reason in words */
  refusal(reason: string): Error;
}

/** The table that a database has which keeps a journal; its row is written by the first that opens it. */
export const JOURNAL_TABLE = `
    -- Up to which transaction the journal was written, what chains it to the next, and why nothing may be changed,
    -- where that is so.
    CREATE TABLE journal (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      seq INTEGER NOT NULL,
      chain BLOB NOT NULL CHECK (length(chain) = 32),
      -- Where the chain began: at a transaction after it, the journal must know it.
      since INTEGER NOT NULL,
      is_on INTEGER NOT NULL CHECK (is_on IN (0, 1)),
      frozen TEXT
    ) STRICT;
    `;

/** How a database stands to its journal. */
export interface JournalState extends Position {
  readonly isOn: boolean;
  /** False where nothing was noted yet since the journal was begun. */
  readonly isBegun: boolean;
  /** Why nothing may be changed, in words. */
  readonly frozen: string | undefined;
}

/**
 * Notes what transactions write in files beside the database, on another disk, so that a copy of the database can be
 * brought up to date.
 *
 * | order | step                              | a crash right after it leaves                                    |
 * |-------|-----------------------------------|------------------------------------------------------------------|
 * | J1    | the operations run                | nothing                                                          |
 * | J2    | frame written, flushed            | a transaction in the journal alone: the next start does it again |
 * | J3    | commit                            | both; nothing was answered                                       |
 * | J4    | answers                           | nothing to do                                                    |
 *
 * Nothing is answered that is not in the journal, so that a copy with the journal knows all that was ever given out.
 * Each frame names the chain before it, which stands in the database: an older copy of the database goes on where it
 * is, and one from another history finds nothing that follows on it.
 */
export class Journal {
  readonly #db: Database;
  readonly #rules: JournalRules;
  readonly #version: number;
  readonly #folder: string | undefined;
  readonly #writer: JournalWriter | undefined;
  readonly #read;
  readonly #move;
  /** As the transaction under way has found it. */
  #state: JournalState | undefined;
  /** Of the last frame: a clock that is set back, or too coarse, leaves the order of frames alone. */
  #time = 0;

  /**
   * @param version the number of the schema's migrations
   * @param folder where the journal lies; undefined for none
   */
  constructor(db: Database, rules: JournalRules, version: number, folder: string | undefined) {
    this.#db = db;
    this.#rules = rules;
    this.#version = version;
    this.#folder = folder;
    this.#writer = folder === undefined ? undefined : new JournalWriter(folder);
    this.#read = db.prepare('SELECT * FROM journal');
    this.#move = db.prepare('UPDATE journal SET seq = ?, chain = ? RETURNING seq');
  }

  /**
   * Brings the database to where the journal is; freezes it where that can't be done, because the two don't belong
   * together or something is missing.
   * @returns how many transactions were done again
   * @throws HashpoolError 'journal-missing' where nothing of the journal is there; the database is as it was
   */
  catchUp(operations: Tasks): number {
    return inTransaction(this.#db, () => this.#caughtUp(operations), 'EXCLUSIVE');
  }

  /** Whether what is done is noted; transactions then come one after the other, over all processes. */
  get isKept(): boolean {
    return this.#writer !== undefined;
  }

  /** A new transaction begins. */
  begin(): void {
    this.#state = undefined;
  }

  /** @throws what the rules say while the database is frozen, or what this process does would be missing in the journal */
  checkOpen(name: string): void {
    if (!this.#rules.noted.has(name) && !this.#rules.held.has(name)) return;
    this.#state ??= journalState(this.#read.get());
    const { frozen, isOn } = this.#state;
    if (frozen !== undefined) throw this.#rules.refusal(frozen);
    if (isOn !== this.isKept) throw this.#rules.refusal(otherwiseStarted(isOn));
  }

  /** Writes down what a transaction has done, before it is committed. @throws HashpoolError 'journal-unwritable' */
  note(done: readonly Call[]): void {
    const calls = done.filter(({ name }) => this.#rules.noted.has(name));
    if (!this.#writer || !this.#state || calls.length === 0) return;
    const { seq, chain: previous } = this.#state;
    this.#time = Math.max(Date.now(), this.#time + 1);
    const turn = this.#db.turn?.();
    const next = { seq: seq + 1n, time: this.#time, turn, previous, version: this.#version, calls };
    const { bytes, chain } = encodeFrame(next);
    // Its answer is waited for: nothing of the transaction is still on its way when the frame is written.
    this.#move.get(next.seq, chain);
    this.#writer.append(bytes);
    faultPoint('journal-written');
  }

  close(): void {
    this.#writer?.close();
  }

  #caughtUp(operations: Tasks): number {
    const state = this.#begun();
    if (this.#folder === undefined || state.frozen !== undefined) return 0;
    try {
      return this.#replayed(this.#folder, state, operations);
    } catch (error) {
      if (!isHashpoolError(error, ...TROUBLES)) throw error;
      freeze(this.#db, error.message);
      return 0;
    }
  }

  /** While no journal was kept, transactions went by unnoted: a copy from then must not be taken for one from now. */
  #begun(): JournalState {
    const isOn = this.#folder !== undefined;
    const row = this.#read.get();
    if (!row) {
      const add = this.#db.prepare(
        'INSERT INTO journal (one, seq, since, chain, is_on) VALUES (1, 0, 0, ?, ?)',
      );
      add.run(newChain(), isOn ? 1 : 0);
    } else if (journalState(row).isOn !== isOn) {
      this.#db.prepare('UPDATE journal SET since = seq, chain = ?, is_on = ?').run(newChain(), isOn ? 1 : 0);
    }
    return journalState(this.#read.get());
  }

  #replayed(folder: string, state: JournalState, operations: Tasks): number {
    let count = 0;
    this.#db.exec('SAVEPOINT replay');
    try {
      const files = existsSync(folder) ? journalFiles(folder) : [];
      for (const frame of framesAfter(files, state)) {
        this.#redo(frame, operations);
        count++;
      }
      if (count === 0 && state.isBegun && !holds(files, state)) throw journalMissing(folder);
      this.#db.exec('RELEASE replay');
      return count;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK TO replay; RELEASE replay');
      throw error;
    }
  }

  #redo({ seq, chain, version, calls }: Frame, operations: Tasks): void {
    if (version > this.#version) throw replayFailed(seq, 'a newer program wrote it: run that one');
    for (const { name, input } of calls) {
      const operation = this.#rules.noted.has(name) ? operations[name] : undefined;
      if (!operation) throw replayFailed(seq, `there is no operation ${name}`);
      try {
        operation(input as never);
      } catch (cause) {
        throw replayFailed(seq, `${name} failed: ${cause}`, cause);
      }
    }
    this.#move.get(seq, chain);
  }
}

function otherwiseStarted(isOn: boolean): string {
  const [other, own] = isOn ? ['with', 'without'] : ['without', 'with'];
  return `another process of this database was started ${other} journal_path after this one ${own}: start all of them with the same`;
}

function journalMissing(folder: string): HashpoolError {
  return new HashpoolError(
    'journal-missing',
    `${folder} holds nothing of this database's journal: is its disk there? Nothing was changed, start when it is back. Where the journal alone is lost and the database is the newest, start once without journal_path`,
  );
}

/** How a database stands to its journal. @throws HashpoolError 'bad-row' */
export function journalState(row: Row | undefined): JournalState {
  const chain = row?.['chain'];
  if (!row || !(chain instanceof Uint8Array)) {
    throw new HashpoolError('bad-row', 'the table journal of the database holds no row; restore a backup');
  }
  const frozen = row['frozen'];
  return {
    seq: BigInt(Number(row['seq'])),
    chain,
    isOn: Number(row['is_on']) === 1,
    isBegun: Number(row['seq']) > Number(row['since']),
    frozen: typeof frozen === 'string' ? frozen : undefined,
  };
}

/** From here on nothing may be changed, in any process. Whoever was first has given the reason. */
export function freeze(db: Database, reason: string): void {
  db.prepare('UPDATE journal SET frozen = coalesce(frozen, ?)').run(reason);
}

/** Lets the database be changed again, as the beginning of a history of its own. */
export function thaw(db: Database): void {
  db.prepare('UPDATE journal SET frozen = NULL, since = seq, chain = ?').run(newChain());
}

function newChain(): Uint8Array {
  return Uint8Array.from(randomBytes(32));
}

function replayFailed(seq: bigint, why: string, cause?: unknown): HashpoolError {
  return new HashpoolError(
    'journal-replay',
    `transaction ${seq} of the journal can't be done again: ${why}`,
    {
      cause,
    },
  );
}

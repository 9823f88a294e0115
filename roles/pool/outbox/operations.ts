import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { equalBytes } from '../../../protocols/bytes.ts';
import type { Refusal, Terms } from '../../../protocols/ehash/work-link.ts';
import { WORK_RECORD_BYTES } from '../../../protocols/ehash/work-record.ts';
import { blockOperations } from './blocks.ts';
import type { PackedOrigins } from './origins.ts';
import { blob } from './row.ts';

export { schema } from './schema.ts';

/** Prev hashes of an earlier run on which the chain may still stand or to which it may come back. */
const RECENT_PREV_HASHES = 8;

/** Where an outbox stands. Sequence numbers count shares from 1; 0 is none. */
export interface OutboxState {
  readonly outboxId: Uint8Array;
  readonly lastSeq: number;
  readonly storedSeq: number;
  readonly backedUpSeq: number;
  readonly terms: Terms | undefined;
  /** The server id that the mint leased last. */
  readonly serverId: number | undefined;
  /** Prev hashes with shares, newest first. */
  readonly prevHashes: readonly Uint8Array[];
  /** The number of the last job that shares are of, 0 for none. */
  readonly lastJob: number;
}

/**
 * What the store's thread does.
 * @param data.newOutboxId 16 random bytes, taken if there is no outbox yet
 */
export function operations(db: DatabaseSync, data: unknown) {
  const { newOutboxId } = data as { newOutboxId: Uint8Array };
  db.prepare('INSERT OR IGNORE INTO outbox (one, outbox_id) VALUES (1, ?)').run(newOutboxId);
  const last = db.prepare('SELECT first_seq + count - 1 AS seq FROM commits ORDER BY first_seq DESC LIMIT 1');
  const insert = db.prepare('INSERT INTO commits (first_seq, count, records, origins) VALUES (?, ?, ?, ?)');
  const addJob = db.prepare(
    'INSERT INTO jobs (job, coinbase_prefix, coinbase_suffix, merkle_path) VALUES (?, ?, ?, ?)',
  );
  const notePrevHash = db.prepare('INSERT OR IGNORE INTO prev_hashes (prev_hash, first_seq) VALUES (?, ?)');
  const commitsFrom = db.prepare(
    `SELECT first_seq, records FROM commits WHERE first_seq >=
       (SELECT coalesce(max(first_seq), 0) FROM commits WHERE first_seq <= ?) ORDER BY first_seq`,
  );
  const prevHashStart = db.prepare('SELECT first_seq FROM prev_hashes WHERE prev_hash = ?');
  const answered = db.prepare('UPDATE outbox SET stored_seq = ?, backed_up_seq = ?');
  const setServerId = db.prepare('UPDATE outbox SET server_id = ?');
  const refuse = db.prepare('INSERT OR REPLACE INTO refusals (seq, reason) VALUES (?, ?)');
  const setTerms = db.prepare(
    'INSERT OR REPLACE INTO terms (one, policy, minimum_difficulty, unit, keyset_id) VALUES (1, ?, ?, ?, ?)',
  );

  return {
    ...blockOperations(db),

    load: (): OutboxState => loadState(db, lastSeq(last)),

    /** Stores one commit's records, of what they were made, and jobs that no share had before; returns the number of the last. */
    append({ records, count, origins, jobs }: Commit): number {
      const first = lastSeq(last) + 1;
      insert.run(first, count, records, origins);
      for (const { job, prefix, suffix, path } of jobs) addJob.run(job, prefix, suffix, path);
      for (const prevHash of prevHashesOf(records)) notePrevHash.run(prevHash, first);
      return first + count - 1;
    },

    /** Up to `limit` packed records from number `firstSeq` on. */
    read({ firstSeq, limit }: { firstSeq: number; limit: number }): Uint8Array {
      const target = new Uint8Array(limit * WORK_RECORD_BYTES);
      let filled = 0;
      for (const row of commitsFrom.iterate(firstSeq)) {
        const records = blob(row['records']);
        const skip = Math.max(0, firstSeq - Number(row['first_seq'])) * WORK_RECORD_BYTES;
        const part = records.subarray(Math.min(skip, records.length), skip + target.length - filled);
        target.set(part, filled);
        filled += part.length;
        if (filled === target.length) break;
      }
      return target.slice(0, filled);
    },

    /** The number of the first share on a prev hash, or of one of its commit before it; undefined where there is none. */
    firstOn: ({ prevHashLe }: { prevHashLe: Uint8Array }): number | undefined => {
      const start = prevHashStart.get(prevHashLe);
      return start && Number(start['first_seq']);
    },

    /** Keeps what the mint answered. */
    acknowledge(ack: { storedSeq: number; backedUpSeq: number; refusals: readonly Refusal[] }): void {
      answered.run(ack.storedSeq, ack.backedUpSeq);
      for (const { seq, reason } of ack.refusals) refuse.run(seq, reason);
    },

    keepTerms({ policy, minimumDifficulty, unit, keysetId }: Terms): void {
      setTerms.run(policy, minimumDifficulty, unit, keysetId);
    },

    keepServerId(serverId: number): void {
      setServerId.run(serverId);
    },

    ping: (_: undefined): void => undefined,
  };
}

/** A commit of shares; see origins.ts. */
export interface Commit extends PackedOrigins {
  readonly records: Uint8Array;
  readonly count: number;
}

export type OutboxOperations = ReturnType<typeof operations>;

export function loadState(db: DatabaseSync, lastStored: number): OutboxState {
  const row = db.prepare('SELECT outbox_id, stored_seq, backed_up_seq, server_id FROM outbox').get();
  const serverId = row?.['server_id'];
  const terms = db.prepare('SELECT policy, minimum_difficulty, unit, keyset_id FROM terms').get();
  const lastJob = db.prepare('SELECT coalesce(max(job), 0) AS job FROM jobs').get();
  const recent = db.prepare('SELECT prev_hash FROM prev_hashes ORDER BY first_seq DESC LIMIT ?');
  return {
    outboxId: blob(row?.['outbox_id']),
    lastSeq: lastStored,
    storedSeq: Number(row?.['stored_seq']),
    backedUpSeq: Number(row?.['backed_up_seq']),
    serverId: typeof serverId === 'number' ? serverId : undefined,
    terms: terms && {
      policy: terms['policy'] === 'hash' ? 'hash' : 'target',
      minimumDifficulty: Number(terms['minimum_difficulty']),
      unit: String(terms['unit']),
      keysetId: blob(terms['keyset_id']),
    },
    lastJob: Number(lastJob?.['job']),
    prevHashes: recent.all(RECENT_PREV_HASHES).map((each) => blob(each['prev_hash'])),
  };
}

function lastSeq(statement: StatementSync): number {
  return Number(statement.get()?.['seq'] ?? 0);
}

/** The distinct prev hashes of packed records; nearly always one. */
function prevHashesOf(records: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let offset = 0; offset < records.length; offset += WORK_RECORD_BYTES) {
    const prevHash = records.subarray(offset + 4, offset + 36);
    if (!found.some((known) => equalBytes(known, prevHash))) found.push(prevHash);
  }
  return found;
}

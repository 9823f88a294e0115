import type { Work } from '../../../domain/stats/hashrate.ts';
import type { Database, Row } from '../../../runtime/sql/database.ts';
import type { Block } from '../api/schemas/blocks.ts';
import type { StatsEvent } from '../api/schemas/events.ts';
import type { SourceMark } from '../live/sources.ts';
import type { MinerRow, QuoteSample, ShareSums, Totals } from './batch.ts';
import { big, joined, maybe, number, text } from './wide.ts';

export { schema } from './schema.ts';
export { readOperations as operations };

const SUMS = `CAST(SUM(shares) AS BIGINT) AS shares, CAST(SUM(rejected) AS BIGINT) AS rejected,
  CAST(SUM(work_hi) AS BIGINT) AS work_hi, CAST(SUM(work_lo) AS BIGINT) AS work_lo,
  SUM(work_squares) AS work_squares`;

/** Of a step, or of many. */
export interface Sample extends ShareSums {
  /** Begin of the step, Unix seconds. */
  readonly at: number;
  /** How much is known. */
  readonly seconds: number;
}

/** Sums of one miner over a window. */
export interface MinerSums extends ShareSums {
  readonly minerId: number;
  /** Steps in which it had shares. */
  readonly steps: number;
}

export interface RejectSums {
  readonly reason: string;
  readonly count: number;
  /** Unix ms. */
  readonly lastAt: number;
}

export type BlockRow = Omit<Block, 'miner'>;

/** A window of rows of one step: from `from` on, to before `to`, Unix seconds. */
export interface Window {
  readonly step: number;
  readonly from: number;
  readonly to: number;
}

/** All that is asked of the time series. */
export function readOperations(db: Database) {
  const wide = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  };
  const side = wide('SELECT * FROM hashrate_samples WHERE step = ? AND at >= ? AND at < ? ORDER BY at');
  const miner = wide(`
    WITH RECURSIVE times (at) AS (
      SELECT CAST(? AS BIGINT) UNION ALL SELECT at + CAST(? AS BIGINT) FROM times WHERE at + ? < ?)
    SELECT s.* FROM times JOIN miner_samples s ON s.step = ? AND s.at = times.at AND s.miner_id = ? ORDER BY s.at`);
  const miners = wide(`
    SELECT miner_id, CAST(COUNT(*) AS BIGINT) AS steps, ${SUMS} FROM miner_samples
    WHERE step = ? AND at >= ? AND at < ? GROUP BY miner_id`);
  const rejects = wide(`
    SELECT reason, CAST(SUM(n) AS BIGINT) AS n, MAX(last_at) AS last_at FROM rejects
    WHERE step = ? AND at >= ? AND at < ? AND miner_id = ? GROUP BY reason ORDER BY n DESC`);
  const quotes = wide('SELECT * FROM quote_history WHERE step = ? AND at >= ? AND at < ? ORDER BY at');
  const blocks = wide('SELECT * FROM blocks ORDER BY found_at DESC LIMIT ? OFFSET ?');
  const blocksWithin = wide('SELECT * FROM blocks WHERE found_at >= ? ORDER BY found_at DESC LIMIT ?');
  const blockCounts = wide(
    'SELECT state, COUNT(*) AS n, MAX(found_at) AS last_at, MAX(height) AS height FROM blocks GROUP BY state',
  );
  const blocksOfMiners = wide(
    'SELECT miner_id, COUNT(*) AS n FROM blocks WHERE miner_id IS NOT NULL GROUP BY miner_id',
  );
  const events = wide('SELECT * FROM events ORDER BY id DESC LIMIT ? OFFSET ?');
  const eventCount = wide('SELECT COUNT(*) AS n FROM events');
  const known = wide('SELECT * FROM miners ORDER BY id');
  const sources = wide('SELECT * FROM sources');
  const totals = wide('SELECT name, value FROM totals');

  return {
    side: ({ step, from, to }: Window): Sample[] => side.all(step, from, to).map(sample),
    miner: ({ step, from, to, minerId }: Window & { minerId: number }): Sample[] =>
      miner.all(from, step, step, to, step, minerId).map((row) => ({ ...sample(row), seconds: step })),
    miners: ({ step, from, to }: Window): MinerSums[] =>
      miners.all(step, from, to).map((row) => ({
        minerId: number(row, 'miner_id'),
        steps: number(row, 'steps'),
        ...sums(row),
      })),
    rejects: ({ step, from, to, minerId }: Window & { minerId: number }): RejectSums[] =>
      rejects.all(step, from, to, minerId).map((row) => ({
        reason: text(row, 'reason'),
        count: number(row, 'n'),
        lastAt: number(row, 'last_at'),
      })),
    quotes: ({ step, from, to }: Window): QuoteSample[] => quotes.all(step, from, to).map(quote),
    blocks: ({ limit, offset }: { limit: number; offset: number }): BlockRow[] =>
      blocks.all(limit, offset).map(block),
    blocksSince: ({ from, limit }: { from: number; limit: number }): BlockRow[] =>
      blocksWithin.all(from, limit).map(block),
    blockCounts: (_: null) =>
      blockCounts.all().map((row) => ({
        state: text(row, 'state'),
        n: number(row, 'n'),
        lastAt: number(row, 'last_at'),
        height: maybe(row, 'height'),
      })),
    blocksOfMiners: (_: null): [number, number][] =>
      blocksOfMiners.all().map((row) => [number(row, 'miner_id'), number(row, 'n')]),
    events: ({ limit, offset }: { limit: number; offset: number }): StatsEvent[] =>
      events.all(limit, offset).map(event),
    eventCount: (_: null): number => number(eventCount.get() ?? {}, 'n'),
    known: (_: null): MinerRow[] => known.all().map(minerRow),
    sources: (_: null): SourceMark[] =>
      sources.all().map((row) => ({
        role: text(row, 'role'),
        instance: text(row, 'instance'),
        taken: number(row, 'taken'),
      })),
    totals: (_: null): Totals & { readonly lostAt: number | undefined } => {
      const values = new Map(totals.all().map((row) => [text(row, 'name'), text(row, 'value')]));
      const of = (name: keyof Totals) => BigInt(values.get(name) ?? 0);
      const lostAt = values.get('lost_at');
      return {
        accepted: of('accepted'),
        rejected: of('rejected'),
        work: of('work'),
        created: of('created'),
        ehash: of('ehash'),
        acknowledged: of('acknowledged'),
        refused: of('refused'),
        lost: of('lost'),
        lostAt: lostAt === undefined ? undefined : Number(lostAt),
      };
    },
    /** Answers while the thread lives and the database can be read. */
    ping: (_: null) => db.prepare('SELECT 1').get() !== undefined,
  };
}

function sums(row: Row): ShareSums {
  const work: Work = {
    work: joined(row, 'work'),
    shares: number(row, 'shares'),
    squares: number(row, 'work_squares'),
  };
  return { ...work, rejected: number(row, 'rejected') };
}

function sample(row: Row): Sample {
  return { at: number(row, 'at'), seconds: number(row, 'seconds'), ...sums(row) };
}

function quote(row: Row): QuoteSample {
  return {
    at: number(row, 'at'),
    created: number(row, 'created'),
    acknowledged: number(row, 'acknowledged'),
    refused: number(row, 'refused'),
    ehash: joined(row, 'ehash'),
    delaysMs: number(row, 'delays_ms'),
  };
}

function block(row: Row): BlockRow {
  return {
    hash: text(row, 'hash'),
    height: maybe(row, 'height') ?? null,
    state: text(row, 'state') as Block['state'],
    confirmations: number(row, 'confirmations'),
    found_at: number(row, 'found_at'),
    value_sat: row['value_sat'] === null ? null : String(big(row['value_sat'])),
    miner_id: maybe(row, 'miner_id') ?? null,
  };
}

function event(row: Row): StatsEvent {
  return {
    id: number(row, 'id'),
    at: number(row, 'at'),
    kind: text(row, 'kind'),
    severity: text(row, 'severity') as StatsEvent['severity'],
    subject: text(row, 'subject'),
    miner_id: maybe(row, 'miner_id') ?? null,
    text: text(row, 'text'),
  };
}

function minerRow(row: Row): MinerRow {
  const best = row['best_work'];
  return {
    id: number(row, 'id'),
    name: text(row, 'name'),
    software: text(row, 'software'),
    firstSeen: number(row, 'first_seen'),
    lastSeen: number(row, 'last_seen'),
    lastShareAt: maybe(row, 'last_share_at'),
    bestWork: typeof best === 'string' ? BigInt(best) : undefined,
    state: text(row, 'state') as MinerRow['state'],
    stateSince: number(row, 'state_since') || number(row, 'last_seen'),
  };
}

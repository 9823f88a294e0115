import type { Database, SqlValue } from '../../../runtime/sql/database.ts';
import { runEach } from '../../../runtime/sql/together.ts';
import { type Batch, type BlockNews, type MinerRow, NO_TOTALS, type ShareSums } from './batch.ts';
import { MINER_STEPS, REJECT_STEPS, SIDE_STEPS } from './steps.ts';
import { split } from './wide.ts';

/** Events that are kept. */
export const MAX_EVENTS = 10_000;

const SHARES = 'shares, rejected, work_hi, work_lo, work_squares';

function addShares(table: string): string {
  return ['shares', 'rejected', 'work_hi', 'work_lo', 'work_squares']
    .map((column) => `${column} = ${table}.${column} + excluded.${column}`)
    .join(', ');
}

/** Writes batches, and forgets what is old. */
export function writeOperations(db: Database) {
  const side = db.prepare(`
    INSERT INTO hashrate_samples (step, at, seconds, ${SHARES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (step, at) DO UPDATE SET ${addShares('hashrate_samples')},
      seconds = CASE WHEN hashrate_samples.seconds + excluded.seconds > excluded.step THEN excluded.step
        ELSE hashrate_samples.seconds + excluded.seconds END`);
  const miner = db.prepare(`
    INSERT INTO miner_samples (step, at, miner_id, ${SHARES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (step, at, miner_id) DO UPDATE SET ${addShares('miner_samples')}`);
  const reject = db.prepare(`
    INSERT INTO rejects (step, at, miner_id, reason, n, last_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (step, at, miner_id, reason) DO UPDATE SET
      n = rejects.n + excluded.n, last_at = excluded.last_at`);
  const quote = db.prepare(`
    INSERT INTO quote_history (step, at, created, acknowledged, refused, ehash_hi, ehash_lo, delays_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (step, at) DO UPDATE SET created = quote_history.created + excluded.created,
      acknowledged = quote_history.acknowledged + excluded.acknowledged,
      refused = quote_history.refused + excluded.refused,
      ehash_hi = quote_history.ehash_hi + excluded.ehash_hi,
      ehash_lo = quote_history.ehash_lo + excluded.ehash_lo,
      delays_ms = quote_history.delays_ms + excluded.delays_ms`);
  const known = db.prepare(`
    INSERT INTO miners (id, name, software, first_seen, last_seen, last_share_at, best_work, state, state_since)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET software = excluded.software, last_seen = excluded.last_seen,
      last_share_at = excluded.last_share_at, best_work = excluded.best_work, state = excluded.state,
      state_since = excluded.state_since`);
  const block = db.prepare(`
    INSERT INTO blocks (hash, height, state, confirmations, found_at, value_sat, miner_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (hash) DO UPDATE SET height = COALESCE(excluded.height, blocks.height),
      state = CASE WHEN excluded.state = 'sent' THEN blocks.state ELSE excluded.state END,
      confirmations = CASE WHEN excluded.state = 'sent' THEN blocks.confirmations ELSE excluded.confirmations END,
      value_sat = COALESCE(excluded.value_sat, blocks.value_sat),
      miner_id = COALESCE(excluded.miner_id, blocks.miner_id)`);
  const event = db.prepare(`
    INSERT INTO events (id, at, kind, severity, subject, miner_id, text) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING`);
  const total = db.prepare(`
    INSERT INTO totals (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
  const source = db.prepare(`
    INSERT INTO sources (role, instance, taken) VALUES (?, ?, ?)
    ON CONFLICT (role) DO UPDATE SET instance = excluded.instance, taken = excluded.taken`);
  const steps = {
    hashrate_samples: SIDE_STEPS,
    miner_samples: MINER_STEPS,
    rejects: REJECT_STEPS,
    quote_history: SIDE_STEPS,
  };
  const old = Object.entries(steps).map(([table, steps]) => ({
    steps,
    statement: db.prepare(`DELETE FROM ${table} WHERE step = ? AND at < ?`),
  }));
  const oldEvents = db.prepare('DELETE FROM events WHERE id <= (SELECT MAX(id) FROM events) - ?');
  const oldMiners = db.prepare(`DELETE FROM miners WHERE last_seen < ?`);

  return {
    /** Answers while the thread lives and the database can be read. */
    ping: (_: null) => db.prepare('SELECT 1').get() !== undefined,

    /** All or nothing. */
    write(batch: Batch): void {
      runEach(known, batch.miners.map(minerRow));
      runEach(
        side,
        batch.side.flatMap((sample) =>
          SIDE_STEPS.map(({ seconds }) => [
            seconds,
            floor(sample.at, seconds),
            sample.seconds,
            ...shares(sample),
          ]),
        ),
      );
      runEach(
        miner,
        batch.minerSamples.flatMap((sample) =>
          MINER_STEPS.map(({ seconds }) => [
            seconds,
            floor(sample.at, seconds),
            sample.minerId,
            ...shares(sample),
          ]),
        ),
      );
      runEach(
        reject,
        batch.rejects.flatMap(({ at, minerId, reason, count, lastAt }) =>
          REJECT_STEPS.map(({ seconds }) => [seconds, floor(at, seconds), minerId, reason, count, lastAt]),
        ),
      );
      runEach(
        quote,
        batch.quotes.flatMap(({ at, created, acknowledged, refused, ehash, delaysMs }) =>
          SIDE_STEPS.map(({ seconds }) => [
            seconds,
            floor(at, seconds),
            created,
            acknowledged,
            refused,
            ...split(ehash),
            delaysMs,
          ]),
        ),
      );
      runEach(block, batch.blocks.map(blockRow));
      runEach(
        event,
        batch.events.map(({ id, at, kind, severity, subject, miner_id, text }) => [
          id,
          at,
          kind,
          severity,
          subject,
          miner_id,
          text,
        ]),
      );
      const names = Object.keys(NO_TOTALS) as (keyof typeof NO_TOTALS)[];
      runEach(
        total,
        names.map((name) => [name, String(batch.totals[name])]),
      );
      runEach(
        source,
        batch.sources.map(({ role, instance, taken }) => [role, instance, taken]),
      );
      if (batch.lostAt !== undefined) total.run('lost_at', String(batch.lostAt));
    },

    /** Notes the first start; later ones change nothing. @param now Unix ms */
    begin(now: number): number {
      const first = db.prepare("SELECT value FROM totals WHERE name = 'recording_since'").get();
      if (!first) total.run('recording_since', String(now));
      return Number(first?.['value'] ?? now);
    },

    /** Deletes what is older than it is kept. @param now Unix ms */
    prune(now: number): void {
      const seconds = Math.floor(now / 1000);
      for (const { steps, statement } of old) {
        for (const step of steps) statement.run(step.seconds, seconds - step.keptSeconds);
      }
      oldEvents.run(MAX_EVENTS);
      oldMiners.run(now - 1000 * Math.max(...MINER_STEPS.map(({ keptSeconds }) => keptSeconds)));
    },
  };
}

function floor(at: number, seconds: number): number {
  return at - (at % seconds);
}

function shares({ shares, rejected, work, squares }: ShareSums): SqlValue[] {
  return [shares, rejected, ...split(work), squares];
}

function minerRow(row: MinerRow): SqlValue[] {
  const { id, name, software, firstSeen, lastSeen, lastShareAt, bestWork, state, stateSince } = row;
  const best = bestWork?.toString() ?? null;
  return [id, name, software, firstSeen, lastSeen, lastShareAt ?? null, best, state, stateSince];
}

function blockRow(news: BlockNews): SqlValue[] {
  const { hash, height, state, confirmations, foundAt, valueSat, minerId } = news;
  return [hash, height ?? null, state, confirmations ?? 0, foundAt, valueSat ?? null, minerId ?? null];
}

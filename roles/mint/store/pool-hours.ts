import type { Database } from '../../../runtime/sql/database.ts';
import { runEach } from '../../../runtime/sql/together.ts';
import { type WorkAllowance, WorkCap } from '../work-intake/work-cap.ts';
import { text } from './row.ts';
import type { AcceptedWork, JudgedWork } from './work.ts';

/** The hour slides in steps of this length. */
const STEP_MS = 60_000;
const STEPS = 60;

/** The work of each pool in the last hour, over all processes of the mint and through their restarts. */
export function poolHours(db: Database) {
  const inHour = db.prepare('SELECT step, hashes FROM pool_hours WHERE pool_id = ? AND step BETWEEN ? AND ?');
  const put = db.prepare(`
    INSERT INTO pool_hours (pool_id, step, hashes) VALUES (?, ?, ?)
    ON CONFLICT (pool_id, step) DO UPDATE SET hashes = excluded.hashes`);
  const forget = db.prepare('DELETE FROM pool_hours WHERE pool_id = ? AND step < ?');

  /** Hashes by step; a step from a future that the clock was set back from does not count. */
  function hourOf(poolId: Uint8Array, step: number): Map<unknown, bigint> {
    const rows = inHour.all(poolId, step - STEPS + 1, step);
    return new Map(rows.map((row) => [row['step'], BigInt(text(row, 'hashes'))]));
  }

  return {
    /**
     * Takes paid work from the pool's hour.
     * @returns what comes before the first record that has to wait for room, and whether there is such a record
     */
    within(
      poolId: Uint8Array,
      records: readonly JudgedWork[],
      { perHour, minimumDifficulty, now }: WorkAllowance,
    ): { records: JudgedWork[]; isFull: boolean } {
      const hour = hourOf(poolId, Math.floor(now / STEP_MS));
      const cap = new WorkCap(
        perHour,
        [...hour.values()].reduce((sum, each) => sum + each, 0n),
      );
      const within: JudgedWork[] = [];
      for (const record of records) {
        const verdict = record.reason === undefined ? cap.take(hashesOf(record, minimumDifficulty)) : 'taken';
        if (verdict === 'full') return { records: within, isFull: true };
        within.push(verdict === 'taken' ? record : aboveCap(record));
      }
      return { records: within, isFull: false };
    },

    /** Notes quotes as work of this minute. What becomes no new quote takes nothing. */
    note(
      poolId: Uint8Array,
      quotes: readonly AcceptedWork[],
      { minimumDifficulty, now }: WorkAllowance,
    ): void {
      if (quotes.length === 0) return;
      const step = Math.floor(now / STEP_MS);
      const before = hourOf(poolId, step).get(step) ?? 0n;
      const powers = quotes.map((quote) => 1n << BigInt(hashesOf(quote, minimumDifficulty)));
      const hashes = powers.reduce((sum, power) => sum + power, before);
      runEach(put, [[poolId, step, String(hashes)]]);
      runEach(forget, [[poolId, step - STEPS]]);
    },
  };
}

/** What a quote proves, as an exponent of two. */
function hashesOf({ exponent, minimumDifficulty }: AcceptedWork, otherwise: number): number {
  return exponent + (minimumDifficulty ?? otherwise);
}

function aboveCap({ header, k, key }: JudgedWork): JudgedWork {
  const reason = 'above-work-cap: this share alone passes the work_per_hour of its pool';
  return { header, k, key, reason };
}

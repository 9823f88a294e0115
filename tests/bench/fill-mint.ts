import pg from 'pg';
import { schema } from '../../roles/mint/store/schema.ts';
import { openDatabase } from '../../runtime/sql/database.ts';
import { isPostgres } from '../../runtime/sql/open.ts';

/** Rows written by one statement. */
const AT_ONCE = 500_000;
/** Keys that the quotes are locked to. */
const KEYS = 2_000;

/**
 * Fills a mint's database as years of use would: quotes that were minted, as many signatures and as many spent proofs.
 * @param place of a mint that has an epoch and is not at work
 */
export async function fillMint(place: string, rows: number): Promise<void> {
  for (let done = 0; done < rows; done += AT_ONCE) {
    const some = Math.min(AT_ONCE, rows - done);
    await (isPostgres(place) ? fillPostgres(place, some, done) : fillSqlite(place, some, done));
  }
}

function fillSqlite(path: string, rows: number, done: number): void {
  const db = openDatabase(path, schema);
  const from = `(WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < ${rows}) SELECT i FROM g)`;
  db.exec(`
    PRAGMA cache_size = -1000000;
    BEGIN;
    INSERT INTO quotes (id, share_hash, public_key, k, exponent, segment, outcome)
    SELECT unhex(printf('%012x', ${done} + i) || '7' || substr(hex(randomblob(10)), 1, 19)), randomblob(32),
      unhex('02' || printf('%064x', i % ${KEYS})), 20, 20, 1, 1 FROM ${from};
    INSERT INTO signatures (blinded, keyset, exponent, signed)
    SELECT randomblob(33), 1, 20, randomblob(97) FROM ${from};
    INSERT INTO spent (y, keyset, exponent) SELECT randomblob(33), 1, 20 FROM ${from};
    COMMIT`);
  db.close();
}

async function fillPostgres(url: string, rows: number, done: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const from = `generate_series(1, ${rows}) AS i`;
  const point = (name: string) => `'\\x02'::bytea || sha256('${name} ${done} '::bytea || int8send(i))`;
  await client.query(`
    INSERT INTO quotes (id, share_hash, public_key, k, exponent, segment, outcome)
    SELECT decode(lpad(to_hex(${done} + i), 12, '0') || '7' || substr(md5(random()::text), 1, 19), 'hex'),
      sha256('share ${done} '::bytea || int8send(i)), '\\x02'::bytea || sha256(int8send(i % ${KEYS})), 20, 20, 1, 1
    FROM ${from};
    INSERT INTO signatures (blinded, keyset, exponent, signed)
    SELECT ${point('blinded')}, 1, 20, ${point('signed')} || decode(repeat('00', 64), 'hex') FROM ${from};
    INSERT INTO spent (y, keyset, exponent) SELECT ${point('y')}, 1, 20 FROM ${from};
    ANALYZE`);
  await client.end();
}

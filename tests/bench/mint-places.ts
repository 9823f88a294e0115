import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { removeTestPostgres, testPostgres } from '../harness/postgres.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import { openTestMint, type TestMint } from '../unit/mint/support.ts';

/** Where a mint of a bench keeps its books, and how many rows are there before it begins. */
export interface Place {
  readonly store: 'SQLite' | 'PostgreSQL';
  readonly rows: number;
  /** Whether the mint keeps an issuance journal, on the same disk. */
  readonly hasJournal?: boolean;
}

const BUSY_MS = 60_000;
const WARM_UP_MS = 4_000;

interface Opened {
  readonly mint: TestMint;
  readonly close: () => Promise<void>;
}

/** Opened at most once each, since five million rows take minutes to write. */
const opened = new Map<string, Promise<Opened>>();

/** The mint at a place, with as many signer threads as there are cores; the same one for all who ask. */
export async function mintAt(place: Place): Promise<TestMint> {
  const name = `${place.store} ${place.rows} ${place.hasJournal}`;
  const found = opened.get(name) ?? openAt(place);
  opened.set(name, found);
  return (await found).mint;
}

/** Ends every mint that was opened, and the server that some were on. */
export async function closeMints(): Promise<void> {
  for (const each of opened.values()) await (await each).close();
  opened.clear();
  await removeTestPostgres();
}

async function openAt({ store, rows, hasJournal = false }: Place): Promise<Opened> {
  const path =
    store === 'SQLite' ? join(temporaryFolder(), 'mint.sqlite') : await (await testPostgres()).newDatabase();
  const closers: (() => unknown)[] = [];
  const session = { after: (close: () => unknown) => void closers.push(close) };
  const journalFolder = hasJournal ? join(temporaryFolder(), 'journal') : undefined;
  const mint = await openTestMint(session, 101, {
    place: path,
    threads: availableParallelism(),
    journalFolder,
  });
  if (rows > 0) await (store === 'SQLite' ? fillSqlite : fillPostgres)(path, rows);
  await warmUp(mint);
  return {
    mint,
    close: async () => {
      for (const close of closers.reverse()) await close();
    },
  };
}

/** The engine compiles a WebAssembly module for good only while it is used, and takes seconds of CPU for it. */
async function warmUp(mint: TestMint): Promise<void> {
  const { signer, keysets } = mint.engine;
  const { unit, index } = (await keysets.find(mint.keysetId)) ?? { unit: mint.unit, index: 0 };
  const secret = randomBytes(32);
  const claim = {
    publicKey: mint.curve.publicKey(secret),
    message: secret,
    signature: mint.curve.schnorrSign(secret, secret, secret),
  };
  const named = (await mint.proofs([0])).map((proof) => ({ ...proof, unit, index }));
  const outputs = [{ unit, index, exponent: 0, blinded: claim.publicKey }];
  const until = performance.now() + WARM_UP_MS;
  const client = async () => {
    while (performance.now() < until)
      await Promise.all([signer.sign(outputs), signer.verifyClaims([claim]), signer.verifyProofs(named)]);
  };
  await Promise.all(Array.from({ length: 8 * availableParallelism() }, client));
}

/** Tables that grow with the mint's use, each with so many rows: quotes that are issued, tokens signed, tokens spent. */
const columns = {
  quotes: 'id, share_hash, public_key, k, exponent, segment, outcome',
  signatures: 'blinded, keyset, exponent, signed',
  spent: 'y, keyset, exponent',
};
const of = `(SELECT min(keyset) FROM keysets), 20`;
const quote = `40, 20, (SELECT min(segment) FROM segments), 1`;

/** In the order of the random keys, so that their indexes are written once from left to right. */
function fillSqlite(path: string, rows: number): void {
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  db.exec('PRAGMA cache_size = -500000; PRAGMA synchronous = OFF;');
  const key = "unhex(printf('02%064x', i % 1000))";
  const values = {
    quotes: `unhex(printf('%032x', i)), randomblob(32) AS random, ${key}, ${quote}`,
    signatures: `randomblob(33) AS random, ${of}, randomblob(97)`,
    spent: `randomblob(33) AS random, ${of}`,
  };
  for (const table of ['quotes', 'signatures', 'spent'] as const) {
    db.exec(`
      INSERT INTO ${table} (${columns[table]})
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      SELECT ${values[table]} FROM n ORDER BY random`);
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

async function fillPostgres(url: string, rows: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const hash = (salt: string) => `sha256(('${salt}' || i)::bytea)`;
  const point = `decode('02', 'hex')`;
  const values = {
    quotes: `decode(lpad(to_hex(i), 32, '0'), 'hex'), ${hash('h')} AS random, ${point} || sha256((i % 1000)::text::bytea), ${quote}`,
    signatures: `${point} || ${hash('b')} AS random, ${of}, ${point} || ${hash('x')} || ${hash('y')} || ${hash('z')}`,
    spent: `${point} || ${hash('s')} AS random, ${of}`,
  };
  await client.query("SET work_mem = '512MB'");
  for (const table of ['quotes', 'signatures', 'spent'] as const) {
    await client.query(`
      INSERT INTO ${table} (${columns[table]})
      SELECT ${values[table]} FROM generate_series(1, ${rows}) AS i ORDER BY random`);
  }
  await client.query('VACUUM ANALYZE');
  await client.end();
}

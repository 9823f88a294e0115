import { sha256d } from '../../../protocols/bitcoin/hash.ts';
import { concatBytes, readU32Le, toHex } from '../../../protocols/bytes.ts';
import type { ShownShare } from '../../../protocols/ehash/work-link.ts';
import { unpackWorkRecords } from '../../../protocols/ehash/work-record.ts';
import { openDatabase } from '../../../runtime/sql/database.ts';
import { openWorkers } from '../../../runtime/workers/pool.ts';
import { originAt } from './origins.ts';
import { blob } from './row.ts';
import { schema } from './schema.ts';

/**
 * Finds shares of an outbox by their hashes, each with its coinbase and the path to its header, in a thread that is there
 * for this alone: shares have no index, so all are hashed from the newest on until the last was found.
 * @param hashesLe 32 bytes each, header order
 * @returns those that are there, but for shares from before origins were kept
 * @throws HashpoolError 'database-open', 'bad-outbox'
 */
export async function shownShares(path: string, hashesLe: readonly Uint8Array[]): Promise<ShownShare[]> {
  const module = new URL('./shown-shares.ts', import.meta.url);
  const workers = await openWorkers<SearchTasks>({ module, data: { path }, size: 1, name: 'shown shares' });
  try {
    return await workers.call('find', hashesLe);
  } finally {
    await workers.close();
  }
}

/** The thread's side. */
export function start({ path }: { readonly path: string }) {
  return { find: (hashesLe: readonly Uint8Array[]) => findShares(path, hashesLe) };
}

type SearchTasks = ReturnType<typeof start>;

function findShares(path: string, hashesLe: readonly Uint8Array[]): ShownShare[] {
  const db = openDatabase(path, schema, { readOnly: true });
  try {
    const wanted = new Set(hashesLe.map(toHex));
    const beginnings = new Set(hashesLe.map((hash) => readU32Le(hash, 0)));
    const jobs = db.prepare('SELECT coinbase_prefix, coinbase_suffix, merkle_path FROM jobs WHERE job = ?');
    const commits = db.prepare('SELECT records, origins FROM commits ORDER BY first_seq DESC');
    const found: ShownShare[] = [];
    for (const commit of commits.iterate()) {
      if (wanted.size === 0) break;
      for (const [index, { header }] of unpackWorkRecords(blob(commit['records'])).entries()) {
        const hashLe = sha256d(header);
        if (!beginnings.has(readU32Le(hashLe, 0)) || !wanted.delete(toHex(hashLe))) continue;
        if (commit['origins'] === null) continue;
        const { job, extranonce } = originAt(blob(commit['origins']), index);
        const row = jobs.get(job);
        if (!row) continue;
        const [prefix, suffix] = [blob(row['coinbase_prefix']), blob(row['coinbase_suffix'])];
        const coinbase = concatBytes(prefix, extranonce, suffix);
        found.push({ header: header.slice(), coinbase, merkle_path: stepsOf(blob(row['merkle_path'])) });
      }
    }
    return found;
  } finally {
    db.close();
  }
}

function stepsOf(path: Uint8Array): Uint8Array[] {
  return Array.from({ length: path.length / 32 }, (_, i) => path.slice(32 * i, 32 * (i + 1)));
}

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import project from '../../package.json' with { type: 'json' };
import { HashpoolError } from '../../protocols/errors.ts';
import { type Coverage, noteCoverage, readCoverage } from '../../roles/mint/coverage.ts';
import { checkDump, checkSqlite, copySqlite, dumpPostgres } from '../../runtime/sql/backup.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { dropUpTo } from '../../runtime/sql/journal/writer.ts';
import { isPostgres, openPlace } from '../../runtime/sql/open.ts';
import { type BackedUp, fileNameOf, type Places, present, schemas } from './databases.ts';
import { type BackupFile, checkFiles, MANIFEST, type Manifest, measure, parseManifest } from './manifest.ts';
import { isBackup, seal, unseal } from './seal.ts';

export interface BackupOptions {
  readonly places: Places;
  /** Where backups are kept. */
  readonly to: string;
  /** Where it is noted what they hold, for those that are encrypted. */
  readonly notes: string;
  /** How many stay. */
  readonly keep: number;
  readonly recipient: string | undefined;
  /** The mint's journal, where it keeps one: what every backup covers is dropped from it. */
  readonly journal: string | undefined;
  readonly now: Date;
}

export interface Backup {
  readonly file: string;
  readonly manifest: Manifest;
  /** Older backups that were dropped, and files of the journal. */
  readonly dropped: readonly string[];
  readonly droppedJournalFiles: number;
}

/**
 * Copies the databases while their roles run, checks the copies, packs them, and drops what is beyond those to keep. Only
 * then the mint is told what is covered.
 * @throws HashpoolError 'nothing-to-back-up', 'backup-damaged', 'books-mismatch', 'program-missing', 'program-failed'
 */
export async function makeBackup(options: BackupOptions): Promise<Backup> {
  const { places, to, notes, recipient, now } = options;
  const databases = present(places);
  if (databases.length === 0)
    throw new HashpoolError(
      'nothing-to-back-up',
      'no database of any role is here; --state names their folder',
    );
  mkdirSync(to, { recursive: true, mode: 0o700 });
  mkdirSync(notes, { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(notes, 'work-'));
  try {
    const folder = join(work, 'files');
    mkdirSync(folder);
    const manifest = await copyAll(databases, folder, now);
    const name = `hashpool-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`;
    const file = await seal(folder, join(to, name), recipient);
    if (recipient === undefined) await checkSealed(file, work);
    writeFileSync(join(notes, `${basename(file)}.json`), JSON.stringify(manifest));
    return { file, manifest, ...dropOld(options) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function copyAll(databases: readonly BackedUp[], folder: string, now: Date): Promise<Manifest> {
  const files: BackupFile[] = [];
  let mint: Coverage | undefined;
  for (const database of databases) {
    const file = fileNameOf(database);
    const coverage = await copy(database, join(folder, file));
    if (database.name === 'mint') mint = coverage;
    files.push({ name: database.name, file, ...(await measure(folder, file)) });
  }
  const program = `${project.name} ${project.version}`;
  const manifest: Manifest = {
    format: 1,
    made: now.toISOString(),
    program,
    files,
    ...(mint && { mint: { ...mint, outboxes: [...mint.outboxes] } }),
  };
  writeFileSync(join(folder, MANIFEST), JSON.stringify(manifest, undefined, 2));
  return manifest;
}

/** @returns what it holds, for the mint's */
async function copy({ name, place }: BackedUp, to: string): Promise<Coverage | undefined> {
  const inspect = (db: Database) => (name === 'mint' ? readCoverage(db) : undefined);
  if (isPostgres(place)) {
    const coverage = await dumpPostgres(place, to, inspect);
    await checkDump(place, to);
    return coverage;
  }
  await copySqlite(place, to);
  checkSqlite(to);
  const db = openPlace(to, schemas[name], { readOnly: true });
  try {
    return inspect(db);
  } finally {
    db.close();
  }
}

/** Reads the packed file once more, from where it lies. */
async function checkSealed(file: string, work: string): Promise<void> {
  const folder = join(work, 'again');
  mkdirSync(folder);
  await unseal(file, folder, undefined);
  await checkFiles(folder, parseManifest(readFileSync(join(folder, MANIFEST), 'utf8'), file));
}

function dropOld({ to, notes, keep, places, journal, now }: BackupOptions) {
  const all = readdirSync(to).filter(isBackup).toSorted();
  const dropped = all.slice(0, Math.max(0, all.length - keep));
  for (const name of dropped) {
    rmSync(join(to, name));
    rmSync(join(notes, `${name}.json`), { force: true });
  }
  const oldest = all.slice(dropped.length).find((name) => existsSync(join(notes, `${name}.json`)));
  const covered = oldest && parseManifest(readFileSync(join(notes, `${oldest}.json`), 'utf8'), oldest).mint;
  if (!covered || places.mint === undefined) return { dropped, droppedJournalFiles: 0 };
  const db = openPlace(places.mint, schemas.mint);
  try {
    noteCoverage(db, covered);
  } finally {
    db.close();
  }
  const seq = BigInt(covered.journal.seq);
  return {
    dropped,
    droppedJournalFiles: journal && existsSync(journal) ? dropUpTo(journal, seq, now.getTime()) : 0,
  };
}

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HashpoolError } from '../../protocols/errors.ts';
import { type Coverage, readCoverage } from '../../roles/mint/coverage.ts';
import { dropWaitingPayouts } from '../../roles/mint/payments/bitcoind/set-back.ts';
import { checkSqlite, hasTables, loadDump, moveTablesAside } from '../../runtime/sql/backup.ts';
import { isPostgres, openPlace } from '../../runtime/sql/open.ts';
import { databaseFiles } from '../appliance/databases.ts';
import { bringUpToDate, type UpToDate } from './bring-up-to-date.ts';
import { type Places, schemas } from './databases.ts';
import { type BackupFile, checkFiles, MANIFEST, type Manifest, parseManifest } from './manifest.ts';
import { unseal } from './seal.ts';

export interface RestoreOptions {
  readonly file: string;
  readonly places: Places;
  /** The mint's journal; undefined where it kept none or it is lost. */
  readonly journal: string | undefined;
  /** Moves what is there aside. */
  readonly force: boolean;
  /** Of age, where the backup is encrypted for it. */
  readonly identity: string | undefined;
  /** A folder that is closed to others, for what is unpacked. */
  readonly work: string;
  readonly now: Date;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly restored: readonly BackupFile['name'][];
  /** What was there and is kept under another name. */
  readonly aside: readonly string[];
  /** How the mint stands, where it was restored. */
  readonly mint: UpToDate | undefined;
}

/**
 * Puts the databases of a backup in place after checking them, those of `places` alone; and brings the mint's up to date
 * by its journal, or freezes it.
 * @throws HashpoolError 'database-there', 'not-a-backup', 'backup-damaged', 'program-missing', 'program-failed'
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, places, journal, identity, now } = options;
  mkdirSync(options.work, { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(options.work, 'restore-'));
  try {
    const folder = join(work, 'files');
    mkdirSync(folder);
    await unseal(file, folder, identity);
    const manifest = await checkedManifest(folder, file);
    const wanted = manifest.files.filter(({ name }) => places[name] !== undefined);
    if (wanted.length === 0)
      throw new HashpoolError('not-a-backup', `${file} holds no database of these roles`);
    const aside = wanted.flatMap(({ name }) => makeRoom(places[name] ?? '', options));
    for (const each of wanted) await put(join(folder, each.file), places[each.name] ?? '');
    const payouts = payoutsAmong(wanted, places);
    if (payouts !== undefined) setPayoutsBack(payouts);
    const mint = wanted.some(({ name }) => name === 'mint') ? places.mint : undefined;
    return {
      manifest,
      restored: wanted.map(({ name }) => name),
      aside,
      mint: mint === undefined ? undefined : await restoredMint(mint, manifest, journal, now),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Where the payouts of a restored backup lie: on PostgreSQL, in the mint's own database. */
function payoutsAmong(wanted: readonly BackupFile[], { mint, payouts }: Places): string | undefined {
  const names = wanted.map(({ name }) => name);
  if (mint !== undefined && isPostgres(mint)) return names.includes('mint') ? mint : undefined;
  return names.includes('payouts') ? payouts : undefined;
}

function setPayoutsBack(place: string): void {
  const db = openPlace(place, schemas.payouts);
  try {
    dropWaitingPayouts(db);
  } finally {
    db.close();
  }
}

async function checkedManifest(folder: string, file: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) throw new HashpoolError('not-a-backup', `${file} has no ${MANIFEST}`);
  const manifest = parseManifest(readFileSync(path, 'utf8'), file);
  await checkFiles(folder, manifest);
  for (const { file: name } of manifest.files) {
    if (name.endsWith('.sqlite')) checkSqlite(join(folder, name));
  }
  return manifest;
}

/** @returns where it is now that was in the way */
function makeRoom(place: string, { force, now }: RestoreOptions): string[] {
  const isThere = isPostgres(place) ? hasTables(place) : existsSync(place);
  if (!isThere) return [];
  if (!force)
    throw new HashpoolError(
      'database-there',
      `${isPostgres(place) ? 'the PostgreSQL database' : place} is there; --force moves it aside`,
    );
  if (isPostgres(place)) return [`schema ${moveTablesAside(place, now.getTime())}`];
  const suffix = `.aside-${now.getTime()}`;
  for (const each of databaseFiles(place)) if (existsSync(each)) renameSync(each, `${each}${suffix}`);
  return [`${place}${suffix}`];
}

async function put(from: string, place: string): Promise<void> {
  if (isPostgres(place)) {
    if (!from.endsWith('.dump')) throw otherStore('SQLite', 'PostgreSQL');
    await loadDump(place, from);
    return;
  }
  if (from.endsWith('.dump')) throw otherStore('PostgreSQL', 'SQLite');
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  const part = `${place}.part`;
  copyFileSync(from, part);
  for (const path of [part, dirname(place)]) {
    const fd = openSync(path, 'r');
    fsyncSync(fd);
    closeSync(fd);
  }
  renameSync(part, place);
}

function otherStore(held: string, wanted: string): HashpoolError {
  return new HashpoolError('not-a-backup', `the backup is of ${held}, and the config names ${wanted}`);
}

async function restoredMint(
  place: string,
  manifest: Manifest,
  journal: string | undefined,
  now: Date,
): Promise<UpToDate> {
  const db = openPlace(place, schemas.mint, { readOnly: true });
  let found: Coverage;
  try {
    found = readCoverage(db);
  } finally {
    db.close();
  }
  if (JSON.stringify(found.units) !== JSON.stringify(manifest.mint?.units)) {
    throw new HashpoolError('backup-damaged', "the mint's sums are not those of the backup's manifest");
  }
  return bringUpToDate({ place, journal, isNoted: found.journal.isOn, made: manifest.made, now });
}

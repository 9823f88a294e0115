import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { makeBackup } from '../../../../commands/backups/make-backup.ts';
import { restoreBackup } from '../../../../commands/backups/restore-backup.ts';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import { walletSchema } from '../../../../services/wallet/schema.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

/** A wallet's database, and what backs it up and restores it. */
function scene() {
  const folder = temporaryFolder();
  const wallet = join(folder, 'wallet.sqlite');
  openDatabase(wallet, walletSchema).close();
  const [to, notes] = [join(folder, 'backups'), join(folder, 'notes')];
  let now = Date.parse('2026-01-01T00:00:00Z');
  const backup = (change: { recipient?: string; keep?: number } = {}) => {
    now += 1_000;
    const { recipient, keep = 3 } = change;
    return makeBackup({
      places: { wallet },
      to,
      notes,
      keep,
      recipient,
      journal: undefined,
      now: new Date(now),
    });
  };
  const restore = (file: string, place = join(folder, 'restored.sqlite'), force = false) =>
    restoreBackup({
      file,
      places: { wallet: place },
      journal: undefined,
      force,
      identity: 'key.txt',
      work: notes,
      now: new Date(now),
    });
  return { folder, wallet, to, notes, backup, restore };
}

/** Puts programs of a test's own before the machine's; they note what they were asked. */
function programs(t: TestContext, folder: string, scripts: Readonly<Record<string, string>>): string {
  const bin = join(folder, 'bin');
  const asked = join(folder, 'asked');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >> ${asked}\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const path = process.env['PATH'];
  process.env['PATH'] = `${bin}${delimiter}${path}`;
  t.after(() => {
    process.env['PATH'] = path;
  });
  return asked;
}

test('a backup is closed to others, and comes back byte for byte', async () => {
  const { backup, restore, folder, notes } = scene();
  const { file, manifest } = await backup();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const restored = await restore(file);
  assert.deepEqual(restored.restored, ['wallet']);
  assert.equal(statSync(join(folder, 'restored.sqlite')).size, manifest.files[0]?.bytes);
  assert.deepEqual(
    readdirSync(notes).filter((name) => !name.endsWith('.json')),
    [],
    'nothing is left unpacked',
  );
});

test('as many backups stay as were asked for, the newest', async () => {
  const { backup, to, notes } = scene();
  const files = [];
  for (let i = 0; i < 4; i++) files.push((await backup({ keep: 2 })).file);
  assert.deepEqual(
    readdirSync(to).toSorted(),
    files
      .slice(2)
      .map((file) => file.split('/').at(-1))
      .toSorted(),
  );
  assert.equal(readdirSync(notes).length, 2);
});

test('what is there is not written over, unless it may be moved aside', async () => {
  const { backup, restore, wallet } = scene();
  const { file } = await backup();
  await assert.rejects(restore(file, wallet), { code: 'database-there' });
  const { aside } = await restore(file, wallet, true);
  assert.ok(aside[0] && existsSync(aside[0]) && existsSync(wallet));
});

test('a database that is damaged is not backed up, a backup that is damaged not restored', async () => {
  const { backup, restore, wallet, to } = scene();
  const { file } = await backup();
  const bytes = readFileSync(file);
  const at = bytes.indexOf('SQLite format 3') + 5_000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  await assert.rejects(restore(file), { code: 'backup-damaged' });
  await assert.rejects(restore(wallet), { code: 'program-failed' });

  const db = new DatabaseSync(wallet, { enableForeignKeyConstraints: false });
  db.exec(
    'CREATE TABLE parents (id INTEGER PRIMARY KEY); CREATE TABLE children (p REFERENCES parents (id)); INSERT INTO children VALUES (7)',
  );
  db.close();
  await assert.rejects(backup(), { code: 'backup-damaged' });
  assert.equal(readdirSync(to).length, 1, 'the one before stays');
});

test('a backup is encrypted to a key of age or GPG, and decrypted with theirs', async (t) => {
  const { folder, backup, restore, to } = scene();
  const copyLast =
    'for last; do :; done; while [ "$1" != -o ] && [ "$1" != --output ]; do shift; done; cp "$last" "$2"';
  const asked = programs(t, folder, { age: copyLast, gpg: copyLast });
  const age = await backup({ recipient: 'age1abc' });
  const gpg = await backup({ recipient: 'backup@example' });
  assert.ok(age.file.endsWith('.tar.age') && gpg.file.endsWith('.tar.gpg'));
  await restore(age.file, join(folder, 'a.sqlite'));
  await restore(gpg.file, join(folder, 'b.sqlite'));
  const lines = readFileSync(asked, 'utf8').split('\n');
  assert.match(lines[0] ?? '', /^age -r age1abc -o /);
  assert.match(lines[1] ?? '', /^gpg --batch .*--recipient backup@example .*--encrypt /);
  assert.match(lines[2] ?? '', /^age -d -i key\.txt -o /);
  assert.match(lines[3] ?? '', /^gpg --batch .*--decrypt /);
  assert.ok(readdirSync(to).every((name) => !name.endsWith('.part') && !name.endsWith('.tar')));
});

test('a program that is missing is one clear line, and leaves nothing', async (t) => {
  const { folder, backup, to } = scene();
  programs(t, folder, { tar: 'exec /bin/tar "$@"' });
  const path = process.env['PATH'];
  process.env['PATH'] = join(folder, 'bin');
  t.after(() => {
    process.env['PATH'] = path;
  });
  await assert.rejects(backup({ recipient: 'age1abc' }), {
    code: 'program-missing',
    message: 'age is not on this machine; install it',
  });
  assert.deepEqual(readdirSync(to), []);
});

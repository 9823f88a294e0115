import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inTransaction, openDatabase } from '../../../runtime/sql/database.ts';
import { openStore } from '../../../runtime/sql/store.ts';
import { type operations, schema } from './fixtures/notes-store.ts';

type Notes = ReturnType<typeof operations>;
const module = new URL('./fixtures/notes-store.ts', import.meta.url);

function databasePath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-sql-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'sub', 'notes.sqlite');
}

test('what was answered is there after reopening', async (t) => {
  const path = databasePath(t);
  const store = await openStore<Notes>({ module, path, name: 'notes' });
  const added = await Promise.all(Array.from({ length: 5000 }, (_, i) => store.call('add', `note ${i}`)));
  assert.equal(added.length, 5000);
  await store.close();
  const again = await openStore<Notes>({ module, path, name: 'notes' });
  assert.equal(await again.call('count', null), 5000);
  await again.close();
});

test('an operation that throws takes back its own writes only', async (t) => {
  const store = await openStore<Notes>({ module, path: databasePath(t), name: 'notes' });
  const results = await Promise.allSettled([
    store.call('add', 'a'),
    store.call('addThenRefuse', 'b'),
    store.call('add', 'a'),
    store.call('add', 'c'),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  );
  assert.equal(results[1]?.status === 'rejected' && results[1].reason.code, 'refused');
  assert.equal(await store.call('count', null), 2);
  await store.close();
});

test('nothing is answered before its commit: a reader of the file sees it at once', async (t) => {
  const path = databasePath(t);
  const store = await openStore<Notes>({ module, path, name: 'notes' });
  await store.call('add', 'seen');
  const reader = openDatabase(path, schema, { readOnly: true });
  assert.equal(reader.prepare('SELECT count(*) AS n FROM notes').get()?.['n'], 1);
  reader.close();
  await store.close();
});

test('a reading store answers while somebody writes, sees what is committed, and writes nothing', async (t) => {
  const path = databasePath(t);
  const db = openDatabase(path, schema);
  t.after(() => db.close());
  const reader = await openStore<Notes>({ module, path, name: 'notes', readOnly: true });
  db.exec("BEGIN IMMEDIATE; INSERT INTO notes (text) VALUES ('under way')");
  assert.equal(await reader.call('count', null), 0);
  db.exec('COMMIT');
  assert.equal(await reader.call('count', null), 1);
  await assert.rejects(reader.call('add', 'mine'), /readonly/);
  assert.equal(await reader.call('count', null), 1);
  await reader.close();
});

test('a full disk fails the transaction and leaves what was there', (t) => {
  const db = openDatabase(databasePath(t), schema);
  const insert = db.prepare('INSERT INTO notes (text) VALUES (?)');
  insert.run('before');
  // A limit on pages is SQLite's own full disk.
  db.exec(`PRAGMA max_page_count=${Number(db.prepare('PRAGMA page_count').get()?.['page_count'])}`);
  assert.throws(() => inTransaction(db, () => insert.run('x'.repeat(20_000))), /full/);
  assert.equal(db.isTransaction, false);
  assert.equal(db.prepare('SELECT count(*) AS n FROM notes').get()?.['n'], 1);
  db.close();
});

test('who only reads is answered beside what a full disk has no room for', async (t) => {
  const store = await openStore<Notes>({ module, path: databasePath(t), name: 'notes' });
  await store.call('add', 'before');
  await store.call('fillDisk', null);
  const results = await Promise.allSettled([
    store.call('count', null),
    store.call('add', 'with it'),
    store.call('add', 'x'.repeat(20_000)),
    store.call('count', null),
  ]);
  assert.deepEqual(
    results.map((result) =>
      result.status === 'fulfilled' ? result.value : /full/.test(result.reason.message),
    ),
    [1, true, true, 1],
  );
  assert.equal(await store.call('count', null), 1);
  await store.close();
});

test('migrations go forward once and refuse what is newer', (t) => {
  const path = databasePath(t);
  openDatabase(path, schema).close();
  const two = { name: 'notes', migrations: [...schema.migrations, 'ALTER TABLE notes ADD COLUMN more TEXT'] };
  openDatabase(path, two).close();
  openDatabase(path, two).close();
  assert.throws(() => openDatabase(path, schema), {
    code: 'database-newer',
    message: /run the newer program/,
  });
});

test('a migration that fails leaves the old version whole', (t) => {
  const path = databasePath(t);
  openDatabase(path, schema).close();
  const bad = {
    name: 'notes',
    migrations: [...schema.migrations, 'CREATE TABLE other (id); SELECT nonsense()'],
  };
  assert.throws(() => openDatabase(path, bad), { code: 'database-open' });
  const db = openDatabase(path, schema);
  assert.equal(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'other'").get()?.['n'], 0);
  db.close();
});

test('a database is durable by its settings', (t) => {
  const db = openDatabase(databasePath(t), schema);
  assert.equal(db.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  assert.equal(db.prepare('PRAGMA synchronous').get()?.['synchronous'], 2);
  db.close();
});

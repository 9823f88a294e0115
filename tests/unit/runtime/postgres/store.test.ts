import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTransaction } from '../../../../runtime/sql/database.ts';
import { openPostgres, serverName } from '../../../../runtime/sql/postgres/open.ts';
import { openStore } from '../../../../runtime/sql/store.ts';
import { droppingProxy } from '../../../harness/dropping-proxy.ts';
import { testPostgres } from '../../../harness/postgres.ts';
import { type operations, schema } from '../fixtures/notes-store.ts';

type Notes = ReturnType<typeof operations>;
const module = new URL('../fixtures/notes-store.ts', import.meta.url);

const newDatabase = async () => (await testPostgres()).newDatabase();
const openNotes = (path: string) => openStore<Notes>({ module, path, name: 'notes' });

test('what was answered is there after reopening, in the same order', async () => {
  const path = await newDatabase();
  const store = await openNotes(path);
  await Promise.all(Array.from({ length: 500 }, (_, i) => store.call('add', `note ${i}`)));
  await store.close();
  const db = openPostgres(path, schema, { readOnly: true });
  const rows = db.prepare('SELECT text FROM notes ORDER BY id').all();
  assert.deepEqual(
    rows.map(({ text }) => text),
    Array.from({ length: 500 }, (_, i) => `note ${i}`),
  );
  assert.throws(() => db.exec("INSERT INTO notes (text) VALUES ('x')"), { message: /read-only/ });
  db.close();
});

test('an operation that throws takes back its own writes only', async () => {
  const store = await openNotes(await newDatabase());
  const results = await Promise.allSettled([
    store.call('add', 'a'),
    store.call('addThenRefuse', 'b'),
    store.call('add', 'a'),
    store.call('add', 'c'),
  ]);
  assert.deepEqual(
    results.map((result) => (result.status === 'rejected' ? result.reason.code : 'done')),
    ['done', 'refused', 'store-failed', 'done'],
  );
  assert.equal(await store.call('count', null), 2);
  await store.close();
});

test('migrations go forward once, in one transaction, and refuse what is newer', async () => {
  const path = await newDatabase();
  openPostgres(path, schema).close();
  const broken = {
    name: 'notes',
    migrations: [...schema.migrations, 'CREATE TABLE more (n INTEGER)', 'nonsense'],
  };
  assert.throws(() => openPostgres(path, broken), { code: 'database-open', message: /nonsense/ });
  const two = { name: 'notes', migrations: [...schema.migrations, 'CREATE TABLE more (n INTEGER)'] };
  openPostgres(path, two).close();
  openPostgres(path, two).close();
  assert.throws(() => openPostgres(path, schema), {
    code: 'database-newer',
    message: /run the newer program/,
  });
});

test('processes that start at once on an empty database make one schema', async () => {
  const path = await newDatabase();
  const stores = await Promise.all([openNotes(path), openNotes(path), openNotes(path)]);
  await Promise.all(stores.map((store, i) => store.call('add', `by ${i}`)));
  for (const store of stores) assert.equal(await store.call('count', null), 3);
  await Promise.all(stores.map((store) => store.close()));
});

test('of two transactions that each count and then write, one is refused', async () => {
  const path = await newDatabase();
  const [a, b] = [openPostgres(path, schema), openPostgres(path, schema)];
  const count = (db: typeof a) => db.prepare('SELECT count(*) AS n FROM notes').get()?.['n'];
  const add = (db: typeof a, text: string) => db.prepare('INSERT INTO notes (text) VALUES (?)').run(text);
  const both = () =>
    inTransaction(a, () => {
      assert.equal(count(a), 0);
      inTransaction(b, () => add(b, `b after ${count(b)}`));
      add(a, 'a after 0');
    });
  assert.throws(both, { code: 'store-conflict' });
  assert.equal(count(b), 1);
  inTransaction(a, () => add(a, `a after ${count(a)}`), 'EXCLUSIVE');
  assert.equal(count(b), 2);
  a.close();
  b.close();
});

test('several processes that write what they have read: each call as if alone', async () => {
  const path = await newDatabase();
  const stores = await Promise.all([openNotes(path), openNotes(path), openNotes(path)]);
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      stores.flatMap((store) => Array.from({ length: 10 }, () => store.call('addNext', null))),
    );
  }
  assert.equal(await stores[0]?.call('count', null), 300);
  await Promise.all(stores.map((store) => store.close()));
});

test('while the server is away calls fail as unavailable, and work again when it is back', async () => {
  const server = await testPostgres();
  const store = await openNotes(await server.newDatabase());
  await store.call('add', 'before');
  await server.end('SIGKILL');
  await assert.rejects(store.call('add', 'during'), { code: 'store-unavailable' });
  await assert.rejects(store.call('add', 'during'), { code: 'store-unavailable' });
  await server.start();
  const until = Date.now() + 20_000;
  for (;;) {
    const added = await store.call('add', 'after').then(
      () => true,
      () => false,
    );
    if (added) break;
    assert.ok(Date.now() < until, 'the store never came back');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(await store.call('count', null), 2);
  await store.close();
});

test('who waits for a writer alone sees what that one wrote', async () => {
  const path = await newDatabase();
  const store = await openNotes(path);
  const alone = openPostgres(path, schema);
  const waiting = alone.prepare(
    "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'schemas'::regclass",
  );
  alone.exec('BEGIN EXCLUSIVE');
  const counted = store.call('count', null);
  while (!waiting.get()) await new Promise((resolve) => setTimeout(resolve, 5));
  alone.prepare('INSERT INTO notes (text) VALUES (?)').run('a');
  alone.exec('COMMIT');
  assert.equal(await counted, 1);
  alone.close();
  await store.close();
});

test('a connection that was lost while idle is replaced unnoticed', async () => {
  const path = await newDatabase();
  const store = await openNotes(path);
  await store.call('add', 'a');
  const db = openPostgres(path, schema);
  db.prepare(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  ).all();
  db.close();
  await store.call('add', 'b');
  assert.equal(await store.call('count', null), 2);
  await store.close();
});

test('a commit whose answer was lost has happened, and is answered so', async (t) => {
  const proxy = await droppingProxy(t, await newDatabase());
  const store = await openNotes(proxy.url);
  proxy.dropAfter('COMMIT');
  await store.call('add', 'a');
  assert.equal(await store.call('count', null), 1);
  await store.close();
});

test('a connection that is lost before the commit has written nothing, and says so', async (t) => {
  const proxy = await droppingProxy(t, await newDatabase());
  const store = await openNotes(proxy.url);
  proxy.dropAfter('INSERT');
  await assert.rejects(store.call('add', 'a'), { code: 'store-unavailable' });
  assert.equal(await store.call('count', null), 0);
  await store.close();
});

test('no password is in what is said of a database', () => {
  const url = 'postgres://mint:s3cret@10.0.0.2:5432/mint?sslmode=verify-full&password=s3cret';
  assert.equal(serverName(url), 'postgres://10.0.0.2:5432/mint');
  assert.throws(
    () => openPostgres('postgres://mint:s3cret@127.0.0.1:1/mint', schema),
    (error) => {
      assert.ok(error instanceof Error);
      assert.doesNotMatch(`${error.stack} ${error.cause}`, /s3cret/);
      return true;
    },
  );
});

test('turns grow over connections, whether what they are of is committed or not', async () => {
  const path = await newDatabase();
  const [one, other] = [openPostgres(path, schema), openPostgres(path, schema)];
  const turns: bigint[] = [];
  const write = (db: typeof one, text: string, isKept: boolean) => {
    const work = () => {
      db.prepare('INSERT INTO notes (text) VALUES (?)').run(text);
      turns.push(db.turn());
      if (!isKept) throw new Error('taken back');
    };
    if (isKept) inTransaction(db, work, 'EXCLUSIVE');
    else assert.throws(() => inTransaction(db, work, 'EXCLUSIVE'), { message: 'taken back' });
  };
  write(one, 'a', true);
  write(other, 'b', false);
  write(one, 'c', false);
  write(other, 'd', true);
  assert.deepEqual(
    turns,
    turns.toSorted((a, b) => Number(a - b)),
  );
  assert.equal(new Set(turns).size, 4);
  assert.deepEqual(
    one
      .prepare('SELECT text FROM notes ORDER BY id')
      .all()
      .map(({ text }) => text),
    ['a', 'd'],
  );
  one.close();
  other.close();
});

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { journalFiles } from '../../../../runtime/sql/journal/reader.ts';
import { dropUpTo } from '../../../../runtime/sql/journal/writer.ts';
import { openStore, type Store } from '../../../../runtime/sql/store.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';
import type { operations } from '../fixtures/accounts-store.ts';

type Accounts = Store<ReturnType<typeof operations>>;
const module = new URL('../fixtures/accounts-store.ts', import.meta.url);

function place() {
  const folder = temporaryFolder();
  return {
    path: join(folder, 'accounts.sqlite'),
    copy: join(folder, 'copy.sqlite'),
    journal: join(folder, 'second'),
  };
}

const open = (path: string, journalFolder?: string): Promise<Accounts> =>
  openStore({ module, path, name: 'accounts', journalFolder });

/** Opens, does something, closes. */
async function during<T>(
  path: string,
  journal: string | undefined,
  work: (store: Accounts) => Promise<T>,
): Promise<T> {
  const store = await open(path, journal);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const spend = (store: Accounts, ...names: string[]) =>
  Promise.all(names.map((name) => store.call('spend', name)));
const coins = (store: Accounts) => store.call('coins', null);
const frozen = async (store: Accounts) => (await store.call('state', null)).frozen;

test('a copy of the database with the journal knows all that was done since, and does it once', async () => {
  const { path, copy, journal } = place();
  await during(path, journal, (store) => spend(store, 'a', 'b'));
  copyFileSync(path, copy);
  await during(path, journal, async (store) => {
    await spend(store, 'c', 'd');
    await assert.rejects(spend(store, 'a'), { code: 'spent' });
    await spend(store, 'e');
  });
  rmSync(path);
  copyFileSync(copy, path);
  for (let times = 0; times < 3; times++) {
    await during(path, journal, async (store) => {
      assert.deepEqual(await coins(store), ['a', 'b', 'c', 'd', 'e']);
      assert.equal(await frozen(store), null);
      await assert.rejects(spend(store, 'd'), { code: 'spent' });
    });
  }
  await during(path, journal, (store) => spend(store, 'f'));
  copyFileSync(copy, path);
  await during(path, journal, async (store) => assert.equal((await coins(store)).at(-1), 'f'));
});

test('what is read, and what is refused, is not noted', async () => {
  const { path, journal } = place();
  await during(path, journal, async (store) => {
    await coins(store);
    assert.equal((await store.call('state', null)).seq, 0);
    await spend(store, 'a');
    await assert.rejects(spend(store, 'a'), { code: 'spent' });
    assert.equal((await store.call('state', null)).seq, 1);
  });
  assert.equal(journalFiles(journal).length, 1);
});

test('a copy whose journal lacks something, or is another one, only reads', async () => {
  const { path, copy, journal } = place();
  await during(path, journal, (store) => spend(store, 'a'));
  copyFileSync(path, copy);
  await during(path, journal, (store) => spend(store, 'b'));
  const [, second = ''] = journalFiles(journal).toSorted();
  await during(path, journal, (store) => spend(store, 'c'));
  rmSync(second);
  copyFileSync(copy, path);
  await during(path, journal, async (store) => {
    assert.match(String(await frozen(store)), /none that follows on number 1/);
    await assert.rejects(spend(store, 'x'), { code: 'frozen' });
    await assert.rejects(store.call('look', null), { code: 'frozen' });
    assert.deepEqual(await coins(store), ['a']);
  });
  // It stays so without the journal, too.
  await during(path, undefined, (store) => assert.rejects(spend(store, 'x'), { code: 'frozen' }));
  const other = place();
  await during(other.path, journal, (store) => assert.rejects(spend(store, 'x'), { code: 'frozen' }));
});

test('a copy from a time without a journal is not taken for one with it', async () => {
  const { path, copy, journal } = place();
  await during(path, journal, (store) => spend(store, 'a'));
  await during(path, undefined, (store) => spend(store, 'unnoted'));
  copyFileSync(path, copy);
  await during(path, undefined, (store) => spend(store, 'unnoted too'));
  await during(path, journal, async (store) => {
    assert.equal(await frozen(store), null);
    await spend(store, 'b');
  });
  copyFileSync(copy, path);
  await during(path, journal, async (store) => assert.match(String(await frozen(store)), /follows/));
});

test('a process that keeps no journal changes nothing beside one that does', async (t) => {
  const { path, journal } = place();
  const without = await open(path);
  t.after(() => without.close());
  await spend(without, 'a');
  await during(path, journal, async (store) => {
    await spend(store, 'b');
    await assert.rejects(spend(without, 'c'), { code: 'frozen', message: /started with journal_path/ });
    assert.deepEqual(await coins(without), ['a', 'b']);
  });
  await during(path, undefined, () => spend(without, 'c'));
});

test('what can not be written down is not done, and later what can', async () => {
  const { path, journal } = place();
  await during(path, journal, async (store) => {
    writeFileSync(journal, 'a file where the folder should be');
    await assert.rejects(spend(store, 'a'), { code: 'journal-unwritable' });
    assert.deepEqual(await coins(store), []);
    rmSync(journal);
    await spend(store, 'a');
    assert.deepEqual(await coins(store), ['a']);
  });
  assert.equal(journalFiles(journal).length, 1);
});

test('a database does not open while its journal is away, and goes on as it was when that is back', async () => {
  const { path, journal } = place();
  await during(path, journal, (store) => spend(store, 'a'));
  renameSync(journal, `${journal}-away`);
  const missing = { code: 'journal-missing', message: /is its disk there\? Nothing was changed/ };
  await assert.rejects(open(path, journal), missing);
  mkdirSync(journal);
  await assert.rejects(open(path, journal), missing);
  rmdirSync(journal);
  renameSync(`${journal}-away`, journal);
  await during(path, journal, async (store) => {
    assert.deepEqual(await store.call('state', null), { seq: 1, frozen: null });
    await spend(store, 'b');
  });
});

test('a start without a journal ends a lost one, and what is older then finds nothing that follows', async () => {
  const { path, copy, journal } = place();
  await during(path, journal, (store) => spend(store, 'a'));
  copyFileSync(path, copy);
  await during(path, journal, (store) => spend(store, 'b'));
  rmSync(journal, { recursive: true });
  await during(path, undefined, (store) => spend(store, 'unnoted'));
  await during(path, journal, async (store) => {
    assert.equal(await frozen(store), null);
    await spend(store, 'c');
  });
  await during(path, journal, async (store) => {
    assert.deepEqual(await coins(store), ['a', 'b', 'unnoted', 'c']);
    assert.equal(await frozen(store), null);
  });
  copyFileSync(copy, path);
  await during(path, journal, async (store) =>
    assert.match(String(await frozen(store)), /none that follows/),
  );
});

test('files are dropped that hold nothing later, once nobody writes to them', async () => {
  const { path, journal } = place();
  for (const name of ['a', 'b', 'c', 'd']) await during(path, journal, (store) => spend(store, name));
  assert.equal(dropUpTo(journal, 2n, Date.now()), 0);
  assert.equal(dropUpTo(journal, 2n, Date.now() + 7_300_000), 1);
  assert.equal(dropUpTo(journal, 9n, Date.now() + 7_300_000), 2);
  await during(path, journal, async (store) => assert.equal(await frozen(store), null));
});

test('the last transaction is never dropped, though another process has begun a file since', async () => {
  const { path, journal } = place();
  await during(path, journal, (store) => spend(store, 'a'));
  writeFileSync(join(journal, `${Date.now() + 1}-beside.journal`), '');
  assert.equal(dropUpTo(journal, 1n, Date.now() + 7_300_000), 0);
  await during(path, journal, async (store) => assert.equal(await frozen(store), null));
});

import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { schema } from '../../../roles/mint/store/schema.ts';
import { openTestMint } from './support.ts';

const terms = { unit: 'sat', inputFeePpk: 0, finalExpiry: undefined };

test('a unit without epochs rotates its keysets: the new one signs, the old one is still taken', async (t) => {
  const mint = await openTestMint(t);
  const { keysets } = mint.engine;
  assert.equal(await keysets.rotateTo({ ...terms, derivationIndex: 0 }), true);
  const first = keysets.active('sat');
  assert.match(first?.id ?? '', /^01[0-9a-f]{64}$/);
  assert.equal(await keysets.rotateTo({ ...terms, derivationIndex: 0 }), false);
  assert.equal(keysets.active('sat')?.id, first?.id);

  assert.equal(await keysets.rotateTo({ ...terms, derivationIndex: 1, inputFeePpk: 100 }), true);
  const second = keysets.active('sat');
  assert.deepEqual([second?.index, second?.inputFeePpk], [1, 100]);
  assert.equal((await keysets.find(first?.id ?? ''))?.isActive, false);
  assert.equal((await keysets.find(mint.keysetId))?.isActive, true, 'the epoch of a pool goes on');
  await mint.restart();
  assert.equal(mint.engine.keysets.active('sat')?.id, second?.id);
});

test('a keyset never changes its terms, and none comes back', async (t) => {
  const { keysets } = (await openTestMint(t)).engine;
  await keysets.rotateTo({ ...terms, derivationIndex: 1 });
  await assert.rejects(keysets.rotateTo({ ...terms, derivationIndex: 1, inputFeePpk: 1 }), {
    code: 'keyset-terms',
    message: /raise the index to 2/,
  });
  await assert.rejects(keysets.rotateTo({ ...terms, derivationIndex: 0 }), {
    code: 'keyset-terms',
    message: /take 2 for a new one/,
  });
});

test('a database from before there were units of keysets keeps its epochs, keysets and tokens', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA foreign_keys=ON');
  for (const migration of schema.migrations.slice(0, 2)) db.exec(migration);
  db.exec(`
    INSERT INTO epochs VALUES (7, zeroblob(33), 101, 'hash_x_101', 'target', 0, 1);
    INSERT INTO keysets VALUES (3, '01aa', 7, 0, 1, zeroblob(33 * 63));
    INSERT INTO spent VALUES (1, zeroblob(33), 3, 5)`);
  db.exec('BEGIN');
  for (const migration of schema.migrations.slice(2)) db.exec(migration);
  db.exec('COMMIT');
  const keyset = db.prepare('SELECT keyset, id, epoch, unit, input_fee_ppk, final_expiry FROM keysets').get();
  assert.deepEqual(
    { ...keyset },
    { keyset: 3, id: '01aa', epoch: 7, unit: 'hash_x_101', input_fee_ppk: 0, final_expiry: null },
  );
  assert.deepEqual(db.prepare('PRAGMA foreign_key_check').all(), []);
  db.close();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import { openKeysets } from '../../../../services/wallet/keysets.ts';
import { walletSchema } from '../../../../services/wallet/schema.ts';

function open(...rows: [id: string, unit: string, active: number, expiry: number | null][]) {
  const db = openDatabase(':memory:', walletSchema);
  const insert = db.prepare(
    `INSERT INTO keysets (id, unit, active, input_fee_ppk, final_expiry, keys) VALUES (?, ?, ?, 0, ?, '{}')`,
  );
  for (const row of rows) insert.run(...row);
  return openKeysets(db);
}

test('new tokens are made with the active keyset that lasts longest', () => {
  const keysets = open(
    ['01a', 'sat', 1, 2_000_000_000],
    ['01b', 'sat', 1, null],
    ['01c', 'sat', 0, null],
    ['01d', 'sat', 1, 1_900_000_000],
    ['01e', 'other', 1, 1_900_000_000],
    ['01f', 'old', 0, null],
  );
  assert.equal(keysets.activeFor('sat').id, '01b');
  assert.equal(keysets.activeFor('sat').expiresAt, undefined);
  assert.deepEqual(
    [keysets.activeFor('other').id, keysets.activeFor('other').expiresAt],
    ['01e', 1_900_000_000_000],
  );
  assert.throws(() => keysets.activeFor('old'), { code: 'no-active-keyset' });
  assert.deepEqual(keysets.activeUnits(), ['other', 'sat']);
});

test('what the mint says later of a keyset is stored: whether it is active, and when it ends', () => {
  const keysets = open(['01a', 'sat', 1, null]);
  const meta = { id: '01a', unit: 'sat', active: false, input_fee_ppk: 0, final_expiry: 1_900_000_000 };
  keysets.update([{ meta, keys: undefined }]);
  const { active, expiresAt } = keysets.get('01a');
  assert.deepEqual([active, expiresAt], [false, 1_900_000_000_000]);
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { databasePaths, isThere } from '../../../../commands/appliance/databases.ts';
import { stateFolder } from '../../../../services/supervisor/state-folder.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

/** An appliance's folder whose mint was configured with these lines. */
function stateWith(lines: string) {
  const state = stateFolder(temporaryFolder());
  mkdirSync(state.config, { recursive: true });
  writeFileSync(join(state.config, 'mint.config.toml'), `[hashpool_mint]\n${lines}\n`);
  return state;
}

test("the mint's database is a file in its folder, unless config or environment say another one", () => {
  const state = stateWith('db_path = "other.sqlite"');
  assert.equal(databasePaths(stateWith(''), {}).mint.endsWith('/mint/mint.sqlite'), true);
  assert.equal(databasePaths(state, {}).mint, join(state.role('mint'), 'other.sqlite'));
  assert.equal(databasePaths(state, { CDK_MINT_DB_PATH: '/a.sqlite' }).mint, '/a.sqlite');
  assert.equal(isThere(databasePaths(state, {}).mint), false);
});

test('a PostgreSQL database of the config goes before any file, and its URL may lie in one', () => {
  const environment = { CDK_MINT_DB_PATH: '/a.sqlite' };
  const literal = 'postgres://mint@/mint?host=/run/postgresql';
  assert.equal(databasePaths(stateWith(`database = "${literal}"`), environment).mint, literal);
  const file = join(temporaryFolder(), 'url');
  writeFileSync(file, 'postgres://mint:secret@10.0.0.2/mint\n');
  const { mint } = databasePaths(stateWith(`database = "file:${file}"`), environment);
  assert.equal(mint, 'postgres://mint:secret@10.0.0.2/mint');
  assert.equal(isThere(mint), true);
});

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import {
  decodeAuthorityPublicKey,
  decodeAuthoritySecretKey,
} from '../../../../protocols/sv2/authority-key.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { provideCredentials } from '../../../../services/supervisor/credentials.ts';
import { readRolesTable } from '../../../../services/supervisor/roles-table.ts';
import {
  createFolders,
  type StateFolder,
  stateFolder,
} from '../../../../services/supervisor/state-folder.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const { curve } = await loadCrypto();
const tools = { curve, randomBytes };
const table = readRolesTable();

function freshFolder(): StateFolder {
  const state = stateFolder(temporaryFolder());
  createFolders(
    state,
    table.roles.map((role) => role.name),
  );
  return state;
}

const secret = (state: StateFolder, name: string): string =>
  readFileSync(join(state.credentials, name), 'utf8').trim();
const published = (state: StateFolder, name: string): string =>
  readFileSync(join(state.published, name), 'utf8').trim();

test('every credential of the table is made, each of its kind, with what it publishes', () => {
  const state = freshFolder();
  const created = provideCredentials(table, state, tools);
  assert.deepEqual(created.toSorted(), [...table.credentials.keys()].toSorted());

  const authority = decodeAuthoritySecretKey(secret(state, 'pool-authority'));
  const expected = toHex(curve.xOnly(curve.publicKey(authority)));
  assert.equal(toHex(decodeAuthorityPublicKey(published(state, 'pool-authority.pub'))), expected);

  const issuer = fromHex(secret(state, 'pool-issuer'), 'issuer', 32);
  assert.equal(published(state, 'pool-issuer.pub'), toHex(curve.publicKey(issuer)));
  assert.ok(curve.isPoint(fromHex(published(state, 'pool-id.pub'), 'pool id', 33)));
  assert.equal(fromHex(secret(state, 'mint-seed')).length, 32);
  assert.ok(validateMnemonic(secret(state, 'wallet-mnemonic'), wordlist));
  assert.match(secret(state, 'bitcoin-rpc'), /^[a-z]+:[0-9a-f]{32}$/);
  const [, salt = '', hash] =
    /^rpcauth=hashpool:([0-9a-f]{32})\$([0-9a-f]{64})$/.exec(published(state, 'bitcoin-rpcauth.conf')) ?? [];
  const password = secret(state, 'bitcoin-rpc').slice('hashpool:'.length);
  assert.equal(hash, createHmac('sha256', salt).update(password).digest('hex'));
});

test('secrets are closed to other users, and each role sees its own alone', () => {
  const state = freshFolder();
  provideCredentials(table, state, tools);
  assert.equal(statSync(state.credentials).mode & 0o777, 0o700);
  for (const name of readdirSync(state.credentials)) {
    assert.equal(statSync(join(state.credentials, name)).mode & 0o777, 0o600, name);
  }
  assert.deepEqual(readdirSync(state.roleCredentials('pool')), ['pool-authority', 'pool-issuer']);
  assert.deepEqual(readdirSync(state.roleCredentials('miner')), []);
  const linked = readFileSync(join(state.roleCredentials('mint'), 'mint-seed'), 'utf8').trim();
  assert.equal(linked, secret(state, 'mint-seed'));
});

test('what is there stays, and is published anew where its public file is missing or another', () => {
  const state = freshFolder();
  provideCredentials(table, state, tools);
  const before = secret(state, 'pool-issuer');
  const key = published(state, 'pool-issuer.pub');
  writeFileSync(join(state.published, 'pool-issuer.pub'), 'something else\n');
  rmSync(join(state.published, 'pool-id.pub'));
  assert.deepEqual(provideCredentials(table, state, tools), []);
  assert.equal(secret(state, 'pool-issuer'), before);
  assert.equal(published(state, 'pool-issuer.pub'), key);
  assert.equal(published(state, 'pool-id.pub').length, 66);
});

test('a credential that is no key is refused by name and not quoted', () => {
  const state = freshFolder();
  const file = join(state.credentials, 'pool-issuer');
  writeFileSync(file, `${'ab'.repeat(31)}\n`);
  chmodSync(file, 0o600);
  assert.throws(
    () => provideCredentials(table, state, tools),
    (error: Error) => error.message.startsWith('credential pool-issuer: ') && !error.message.includes('abab'),
  );
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeAuthoritySecretKey } from '../../../protocols/sv2/authority-key.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';

const run = (name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  spawnSync(
    process.execPath,
    [fileURLToPath(new URL(`../../../commands/${name}.ts`, import.meta.url)), ...args],
    {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    },
  );
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('the keys of a side are made once, closed to others, and what is public can be read by all', () => {
  const state = join(temporaryFolder(), 'state');
  const first = run('credentials', ['--state', state, '--side', 'server']);
  assert.match(first.stdout, /^made .*mint-seed/, first.stderr);
  const credentials = join(state, 'credentials');
  assert.ok(!existsSync(join(credentials, 'wallet-mnemonic')), 'the wallet is on the other side');
  assert.equal(modeOf(credentials), '700');
  for (const name of readdirSync(credentials)) assert.equal(modeOf(join(credentials, name)), '600', name);
  assert.equal(modeOf(join(state, 'public')), '755');
  for (const name of readdirSync(join(state, 'public')))
    assert.equal(modeOf(join(state, 'public', name)), '644', name);

  const before = readFileSync(join(credentials, 'mint-seed'), 'utf8');
  const again = run('credentials', ['--state', state, '--side', 'server']);
  assert.equal(again.stdout, 'all keys are there\n', again.stderr);
  assert.equal(readFileSync(join(credentials, 'mint-seed'), 'utf8'), before);
});

test('a side that there is not is refused', () => {
  const { status, stderr } = run('credentials', ['--state', temporaryFolder(), '--side', 'middle']);
  assert.equal(status, 64);
  assert.match(stderr, /--side is "middle"; it must be server or client/);
});

test("sv2-tp is given our authority key in the form of its own file: 1, then the key's 32 bytes", () => {
  const state = temporaryFolder();
  assert.equal(run('credentials', ['--state', state, '--side', 'server']).status, 0);
  const to = join(temporaryFolder(), 'sv2-tp');
  const environment = { CREDENTIALS_DIRECTORY: join(state, 'credentials') };
  const { status, stderr } = run('sv2-tp-key', ['--to', to, '--network', 'testnet4'], environment);
  assert.equal(status, 0, stderr);
  const secret = readFileSync(join(state, 'credentials/template-provider-authority'), 'utf8').trim();
  const file = join(to, 'testnet4/sv2_authority_key');
  assert.deepEqual([...readFileSync(file)], [1, ...decodeAuthoritySecretKey(secret)]);
  assert.equal(modeOf(file), '600');
});

test('sv2-tp on a network that there is not is refused', () => {
  const { status, stderr } = run('sv2-tp-key', ['--to', temporaryFolder(), '--network', 'testnet3']);
  assert.equal(status, 64);
  assert.match(stderr, /--network mainnet\|testnet4\|signet\|regtest/);
});

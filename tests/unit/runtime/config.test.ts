import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as field from '../../../runtime/config/fields.ts';
import { loadConfig } from '../../../runtime/config/load.ts';
import { readReference, roleFolders, statePath } from '../../../runtime/config/references.ts';

const schema = field.table({
  listen_address: field.address('where to listen', { default: '127.0.0.1:1' }),
  shares: field.integer('shares', { min: 1, max: 600, default: 6 }),
  network: field.choice('chain', ['mainnet', 'regtest'], { default: 'regtest' }),
  verbose: field.flag('words', { default: false }),
  key: field.secret('key', { default: 'credential:key' }),
  database: field.optional(field.postgres('database')),
  house: field.optional(field.publicValue('house key')),
  upstreams: field.list(field.table({ address: field.text('host'), port: field.port('port') }), 'upstreams', {
    min: 0,
  }),
});

function load(t: TestContext, toml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pool.config.toml');
  writeFileSync(file, toml);
  return loadConfig(schema, file);
}

test('the last port there is', (t) => {
  const config = load(t, 'upstreams = []\nlisten_address = "[::1]:65535"\n');
  assert.equal(config.listen_address, '[::1]:65535');
});

test('a PostgreSQL URL stands in a config where it holds no password', (t) => {
  for (const value of [
    'postgres://mint@/mint?host=/run/postgresql',
    'postgresql://10.0.0.2:5433/mint?sslmode=verify-full',
    'credential:mint-database',
    'file:/etc/mint/database',
  ]) {
    assert.equal(load(t, `upstreams = []\ndatabase = "${value}"`).database, value);
  }
  for (const value of [
    'postgres://mint:s3cret@host/mint',
    'postgres://host/mint?password=s3cret',
    'mysql://s3cret',
  ]) {
    assert.throws(
      () => load(t, `upstreams = []\ndatabase = "${value}"`),
      (error: Error) => {
        assert.match(error.message, /database = \(not shown\) is not allowed; it must be a URL/);
        return !error.message.includes('s3cret');
      },
    );
  }
});

test('defaults fill what is left out', (t) => {
  const config = load(t, 'upstreams = []\nverbose = true\n');
  assert.equal(config.shares, 6);
  assert.equal(config.listen_address, '127.0.0.1:1');
  assert.equal(config.verbose, true);
  assert.equal(config.house, undefined);
});

const refused: [name: string, toml: string, words: RegExp][] = [
  [
    'a misspelt key',
    'upstreams = []\nshare = 3',
    /pool\.config\.toml: share is not a key here; allowed: .*shares/,
  ],
  [
    'a misplaced key',
    '[[upstreams]]\naddress = "a"\nport = 1\nshares = 3',
    /upstreams\.0\.shares is not a key here/,
  ],
  [
    'out of range',
    'upstreams = []\nshares = 601',
    /shares = 601 is not allowed; it must be an integer from 1 to 600/,
  ],
  ['a fraction', 'upstreams = []\nshares = 1.5', /shares = 1.5 is not allowed; it must be an integer/],
  ['a wrong type', 'upstreams = []\nshares = "6"', /shares = "6" is not allowed/],
  ['no such choice', 'upstreams = []\nnetwork = "testnet"', /network = "testnet" .* "mainnet", "regtest"/],
  ['a missing key', 'shares = 3', /upstreams is missing; it must be a list/],
  ['a bad address', 'upstreams = []\nlisten_address = "34255"', /listen_address = "34255" .* host:port/],
  [
    'a port beyond the last',
    'upstreams = []\nlisten_address = "127.0.0.1:65536"',
    /listen_address = "127.0.0.1:65536" is not allowed/,
  ],
  ['a date for a table', 'upstreams = [2026-01-01]', /upstreams\.0 = 2026-01-01 .* no key here is a date/],
  ['a date for a number', 'upstreams = []\nshares = 2026-01-01', /shares = 2026-01-01 is not allowed/],
  ['broken TOML', 'upstreams = [\nshares = ', /pool\.config\.toml: not TOML at line \d/],
];
for (const [name, toml, words] of refused) {
  test(`refuses ${name} in one line`, (t) => {
    assert.throws(() => load(t, toml), { code: 'bad-config', message: words });
    assert.throws(
      () => load(t, toml),
      ({ message }: Error) => !message.includes('\n'),
    );
  });
}

test('a secret written into the config is refused and not shown', (t) => {
  const literal = 'e1c193b1a2681f01a10731f317c754a0';
  assert.throws(
    () => load(t, `upstreams = []\nkey = "${literal}"`),
    ({ message }: Error) => message.includes('(not shown)') && !message.includes(literal),
  );
});

test('a file that is not there is named', () => {
  assert.throws(() => loadConfig(schema, '/nowhere/pool.config.toml'), { message: /nowhere.*can't be read/ });
});

test('references lead to credentials, published values and files', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-refs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'seed'), ' abc\n');
  writeFileSync(join(folder, 'empty'), '\n');
  const folders = roleFolders({ STATE_DIRECTORY: '/state', CREDENTIALS_DIRECTORY: folder });
  assert.equal(readReference(folders, 'credential:seed'), 'abc');
  assert.equal(readReference(folders, `file:${folder}/seed`), 'abc');
  assert.equal(readReference(folders, 'literal'), 'literal');
  assert.throws(() => readReference(folders, 'credential:none'), {
    code: 'bad-config',
    message: /credential:none/,
  });
  assert.throws(() => readReference(folders, 'credential:empty'), { message: /is empty/ });
  assert.throws(() => readReference(folders, 'public:x.pub'), { message: /PUBLIC_DIRECTORY/ });
  assert.equal(statePath(folders, 'a.sqlite'), '/state/a.sqlite');
  assert.equal(statePath(folders, '/b.sqlite'), '/b.sqlite');
});

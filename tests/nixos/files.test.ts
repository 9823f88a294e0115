import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { settingsFile } from '../../scripts/print-settings.ts';
import { readRolesTable } from '../../services/supervisor/roles-table.ts';
import { nixEval } from '../harness/nix.ts';

const project = resolve(import.meta.dirname, '..', '..');
const tracked = (pattern: string) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', pattern], {
    cwd: project,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
const read = (file: string) => readFileSync(join(project, file), 'utf8');

test('every Nix file parses, and has neither tabs nor spaces at the end of a line', () => {
  const files = tracked('*.nix');
  assert.ok(files.length > 15);
  for (const file of files) {
    execFileSync('nix-instantiate', ['--store', 'dummy://', '--parse', file], {
      cwd: project,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    assert.doesNotMatch(read(file), /\t| $/m, file);
  }
});

test('nix/settings.json is what the schemas of the config files come to: npm run nix:settings -- --write', async () => {
  assert.ok(read('nix/settings.json') === (await settingsFile()), 'npm run nix:settings -- --write');
});

test('every role has a config file on each network, and its schema', () => {
  const schemas = JSON.parse(read('nix/settings.json')) as Record<string, unknown>;
  for (const role of readRolesTable().roles) {
    for (const network of ['regtest', 'testnet4', 'mainnet']) {
      if (role.trial === true && network !== 'regtest') continue;
      assert.notEqual(read(`config/${network}/${role.config}`), '');
      if (role.shared !== undefined) assert.notEqual(read(`config/${network}/${role.shared}`), '');
    }
    if (role.command.endsWith('.ts'))
      assert.ok(schemas[role.name], `npm run nix:settings -- --write: ${role.name}`);
  }
});

test('flake.lock pins one revision with its hash, as flake.nix asks for it', () => {
  const lock = JSON.parse(read('flake.lock')) as {
    nodes: { nixpkgs: { locked: Record<string, unknown>; original: Record<string, unknown> } };
  };
  const { locked, original } = lock.nodes.nixpkgs;
  assert.deepEqual(original, { owner: 'NixOS', ref: 'nixos-26.05', repo: 'nixpkgs', type: 'github' });
  assert.match(String(locked['rev']), /^[0-9a-f]{40}$/);
  assert.match(String(locked['narHash']), /^sha256-[A-Za-z0-9+/]{43}=$/);
  assert.match(read('flake.nix'), /inputs\.nixpkgs\.url = "github:NixOS\/nixpkgs\/nixos-26\.05";/);
});

test('the RPC user of the roles may ask what their sources ask, and nothing that moves money else', () => {
  const conf = nixEval('import ./nix/bitcoin-conf.nix { network = "testnet4"; }') as string;
  const allowed = /^rpcwhitelist=hashpool:(.*)$/m.exec(conf)?.[1]?.split(',') ?? [];
  const sources = tracked('roles/*.ts')
    .concat(tracked('services/node/*.ts'))
    .filter((file) => file !== '');
  // Methods of bitcoind are words of lower case, given to a call that sends them on.
  const call =
    /(?:rpc|wallet|node|this|#\w+)\.(?:call|ask|object)\(\s*'([a-z]{7,})'|\bask\(\s*'([a-z]{7,})'/g;
  const asked = sources
    .filter((file) => /\/(chain|bitcoind|node|template-provider|jd-server)\//.test(file))
    .flatMap((file) => [...read(file).matchAll(call)].map((match) => match[1] ?? match[2] ?? ''));
  assert.ok(new Set(asked).size > 10, 'the pattern finds the calls');
  const own = ['adoption', 'outgoing', 'settle'];
  assert.deepEqual(
    [...new Set(asked)].filter((method) => !allowed.includes(method) && !own.includes(method)),
    [],
  );
  for (const method of ['dumpprivkey', 'sendtoaddress', 'importdescriptors', 'stop', 'setban'])
    assert.ok(!allowed.includes(method), method);
});

test("each command on an appliance's state is a command of the host", () => {
  const listed = /commands = \[([^\]]*)\]/.exec(read('nix/modules/tools.nix'))?.[1] ?? '';
  const onHosts = [...listed.matchAll(/"([a-z-]+)"/g)].map(([, name]) => name);
  const onState = tracked('commands/*.ts')
    .filter(
      (file) => /^commands\/[a-z0-9-]+\.ts$/.test(file) && /\bstate: \{ type: 'string'/.test(read(file)),
    )
    .map((file) => file.slice('commands/'.length, -'.ts'.length));
  // A host's credentials have a unit of their own, and nobody empties a host by a command.
  assert.deepEqual(
    onState.filter((name) => name !== 'credentials' && name !== 'clean'),
    onHosts,
  );
});

test('TOML that Nix writes is read back as it was', async () => {
  const { parse } = await import('smol-toml');
  const value = {
    a: 1,
    'b c': 'x"\\\n',
    d: true,
    list: [1, 2],
    tables: [{ k: 'v', n: { m: [] } }],
    s: { t: { u: 5 } },
  };
  const text = nixEval(`import ./nix/toml.nix (builtins.fromJSON ''${JSON.stringify(value)}'')`) as string;
  assert.deepEqual(JSON.parse(JSON.stringify(parse(text))), value);
});

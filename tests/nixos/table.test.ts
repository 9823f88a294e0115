import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isHashpoolError } from '../../protocols/errors.ts';
import { parseRolesTable, readRolesTable } from '../../services/supervisor/roles-table.ts';
import { nixEval, tryNix } from '../harness/nix.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

interface Sketch {
  readonly name: string;
  readonly after?: string;
  readonly wants?: string;
  readonly ports?: string;
  readonly credentials?: string;
}

function table(before: string, ...roles: readonly Sketch[]): string {
  const rows = roles.map(
    ({ name, after = '[]', wants = '[]', ports = '[]', credentials = '[]' }) => `
[[role]]
name = "${name}"
description = "A role"
side = "server"
command = "roles/${name}/main.ts"
config = "${name}.config.toml"
after = ${after}
wants = ${wants}
ports = ${ports}
credentials = ${credentials}
hardening = "loopback"
memory_mib = 512
`,
  );
  return `${before}\n[credential.key]\nkind = "seed"\n${rows.join('')}`;
}

const port = (listen: string) => `[{ name = "x", number = 4000, listen = "${listen}" }]`;
const broken: readonly [what: string, toml: string, words: RegExp][] = [
  ['a role twice', table('', { name: 'a' }, { name: 'a' }), /role a stands twice/],
  ['an unknown role in after', table('', { name: 'a', after: '["b"]' }), /there is no b/],
  [
    'wants without after',
    table('', { name: 'a', wants: '["b"]' }, { name: 'b' }),
    /a: wants b and is not ordered after it/,
  ],
  [
    'a circle',
    table('', { name: 'a', after: '["b"]' }, { name: 'b', after: '["a"]' }),
    /a circle in the order of start: a, b/,
  ],
  [
    'an unknown credential',
    table('', { name: 'a', credentials: '["lock"]' }),
    /a: credential lock is not in the table/,
  ],
  [
    'a port twice',
    table('', { name: 'a', ports: port('loopback') }, { name: 'b', ports: port('loopback') }),
    /port 4000 is taken by a and b/,
  ],
  [
    "a front's port",
    table('[front.server]\nnumber = 4000', { name: 'a', ports: port('loopback') }),
    /port 4000 is taken by/,
  ],
  [
    'an open port on loopback',
    table('', { name: 'a', ports: port('open') }),
    /port 4000 is open, and its hardening lets no client in/,
  ],
];

for (const [what, toml, words] of broken) {
  test(`Nix and the supervisor both refuse ${what}`, () => {
    const file = join(temporaryFolder(), 'roles.toml');
    writeFileSync(file, toml);
    const { error } = tryNix(`(import ./nix/roles.nix { toml = ${file}; }).checked.roles`);
    assert.match(error ?? 'nothing was wrong', words);
    assert.throws(
      () => parseRolesTable(toml),
      (error) => isHashpoolError(error, 'bad-roles-table'),
    );
  });
}

test('a socket of nobody is refused', () => {
  const file = join(temporaryFolder(), 'roles.toml');
  writeFileSync(file, table('[socket.wallet]\nowner = "nobody"\nreaders = []', { name: 'a' }));
  assert.deepEqual(nixEval(`(import ./nix/roles.nix { toml = ${file}; }).problems`), [
    'socket wallet: there is no nobody',
  ]);
});

test('units that contradict each other are refused: unknown ones, Requires without After, circles', () => {
  const empty = '{ after = []; wants = []; requires = []; bindsTo = []; partOf = []; }';
  const problems = nixEval(`(import ./nix/check.nix).units {
    "hashpool-a.service" = ${empty} // { requires = [ "hashpool-b.service" ]; };
    "hashpool-b.service" = ${empty} // { after = [ "hashpool-c.service" ]; };
    "hashpool-c.service" = ${empty} // { after = [ "hashpool-b.service" ]; wants = [ "hashpool-d.service" "network-online.target" ]; };
  }`);
  assert.deepEqual(problems, [
    'hashpool-a.service requires hashpool-b.service and is not ordered after it',
    'hashpool-c.service names hashpool-d.service, which is no unit',
    'a circle in the order of start: hashpool-b.service, hashpool-c.service',
  ]);
});

test('Nix and the supervisor read the same roles, in the same order, with the same ports', () => {
  const roles = nixEval(
    'map (r: { inherit (r) name after wants ports credentials; }) (import ./nix/roles.nix { }).checked.roles',
  );
  const ours = readRolesTable().roles.map(({ name, after, wants, ports, credentials }) => ({
    name,
    after,
    wants,
    ports,
    credentials,
  }));
  assert.deepEqual(roles, JSON.parse(JSON.stringify(ours)));
});

test('units that start a role elsewhere wait for nothing that is not there', () => {
  const units = nixEval(
    `(import ./nix/table.nix { node = "node"; app = "/app"; sides = [ "client" ]; }).services`,
  ) as Record<string, { after: string[]; wants: string[] }>;
  assert.ok(units['hashpool-translator.service']);
  assert.ok(!units['hashpool-pool.service'] && !units['hashpool-server.service']);
  const named = Object.values(units).flatMap(({ after, wants }) => [...after, ...wants]);
  assert.deepEqual(
    named.filter((name) => /^hashpool/.test(name) && !(name in units)),
    [],
  );
});

test('with sv2-tp the template provider ends with the node, and starts when it does', () => {
  const units = nixEval(
    `(import ./nix/table.nix { node = "node"; app = "/app"; network = "testnet4"; sv2tp = "/sv2-tp"; }).services`,
  ) as Record<
    string,
    { bindsTo: string[]; after: string[]; wants: string[]; serviceConfig: { ExecStart: string } }
  >;
  const provider = units['hashpool-template-provider.service'];
  assert.deepEqual(provider?.bindsTo, ['bitcoind.service']);
  assert.ok(provider.after.includes('bitcoind.service'));
  assert.match(
    provider.serviceConfig.ExecStart,
    /^\/sv2-tp -chain=testnet4 .*-sv2port=8442 -templateinterval=20 -debug=sv2$/,
  );
  const bitcoind = units['bitcoind.service'];
  assert.ok(bitcoind);
  assert.ok(bitcoind.wants.includes('hashpool-template-provider.service'));
  assert.match(bitcoind.serviceConfig.ExecStart, /-rpcport=48332 .*-ipcbind=unix:/);
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { parseRolesTable, readRolesTable } from '../../../../services/supervisor/roles-table.ts';

interface Sketch {
  readonly name: string;
  readonly after?: string[];
  readonly wants?: string[];
  readonly ports?: string;
  readonly credentials?: string[];
  readonly more?: string;
}

const list = (names: readonly string[] = []): string => `[${names.map((name) => `"${name}"`).join(', ')}]`;

function table(...roles: readonly Sketch[]): string {
  const credential = '[credential.key]\nkind = "seed"\n';
  return (
    credential +
    roles
      .map(
        (role) => `
[[role]]
name = "${role.name}"
description = "A role"
side = "server"
command = "roles/${role.name}/main.ts"
config = "${role.name}.config.toml"
after = ${list(role.after)}
wants = ${list(role.wants)}
ports = ${role.ports ?? '[]'}
credentials = ${list(role.credentials)}
hardening = "loopback"
memory_mib = 512
${role.more ?? ''}`,
      )
      .join('\n')
  );
}

test("the project's table is consistent and names what issue 2 runs, in its order", () => {
  const { roles, credentials } = readRolesTable();
  const names = roles.map((role) => role.name);
  assert.deepEqual(names, [
    'bitcoind',
    'template-provider',
    'mint',
    'pool',
    'jd-server',
    'jd-client',
    'translator',
    'miner',
    'pool-stats',
    'proxy-stats',
  ]);
  const ports = roles.flatMap((role) => role.ports.map((port) => port.number));
  assert.deepEqual(
    ports,
    [18443, 28332, 8442, 3338, 34260, 34254, 34256, 34265, 34255, 34259, 4000, 8080, 4001, 8083],
  );
  for (const role of roles) {
    assert.ok(
      role.command === 'bitcoind' || existsSync(new URL(`../../../../${role.command}`, import.meta.url)),
      role.command,
    );
  }
  assert.equal(credentials.get('pool-issuer')?.publishes, 'pool-issuer.pub');
});

test('roles are put behind all that they wait for', () => {
  const { roles } = parseRolesTable(table({ name: 'pool', after: ['mint'] }, { name: 'mint' }));
  assert.deepEqual(
    roles.map((role) => role.name),
    ['mint', 'pool'],
  );
});

const refusals: readonly [what: string, toml: string, words: RegExp][] = [
  ['a role that stands twice', table({ name: 'pool' }, { name: 'pool' }), /role pool stands twice/],
  [
    'an unknown role in after',
    table({ name: 'pool', after: ['mind'] }),
    /pool: after names mind, which is no role/,
  ],
  ['an unknown role in wants', table({ name: 'pool', wants: ['mind'] }), /pool: wants names mind/],
  [
    'wants without after',
    table({ name: 'pool', wants: ['mint'] }, { name: 'mint' }),
    /pool: wants mint and is not ordered after it/,
  ],
  [
    'a circle',
    table({ name: 'a', after: ['b'] }, { name: 'b', after: ['a'] }, { name: 'c' }),
    /in a circle: a, b/,
  ],
  [
    'an unknown credential',
    table({ name: 'pool', credentials: ['lock'] }),
    /pool: credential lock is not in the table/,
  ],
  [
    'a port that two roles use',
    table(
      { name: 'a', ports: '[{ name = "x", number = 4000, listen = "loopback" }]' },
      { name: 'b', ports: '[{ name = "y", number = 4000, listen = "loopback" }]' },
    ),
    /b: port 4000 is taken by a/,
  ],
  [
    'a port that a front uses',
    `[front.server]\nnumber = 4000\n${table({ name: 'a', ports: '[{ name = "x", number = 4000, listen = "loopback" }]' })}`,
    /a: port 4000 is taken by front server/,
  ],
  [
    'an open port behind a loopback hardening',
    table({ name: 'a', ports: '[{ name = "x", number = 4000, listen = "open" }]' }),
    /a: port 4000 is open/,
  ],
  [
    'a key that nobody knows',
    table({ name: 'pool', more: 'prots = []' }),
    /role\/0.*prots|role\/0.*additional/,
  ],
  [
    'a port out of range',
    table({ name: 'a', ports: '[{ name = "x", number = 70000, listen = "open" }]' }),
    /number must be <= 65535/,
  ],
  ['a bad side', table({ name: 'pool' }).replace('"server"', '"middle"'), /role\/0\/side/],
];

for (const [what, toml, words] of refusals) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => parseRolesTable(toml),
      (error: Error) => {
        assert.match(error.message, words);
        return 'code' in error && error.code === 'bad-roles-table';
      },
    );
  });
}

test('a published name that two credentials claim is refused', () => {
  const twice = `
[credential.other]
kind = "pool-id"
publishes = "id.pub"
[credential.another]
kind = "pool-id"
publishes = "id.pub"
`;
  assert.throws(() => parseRolesTable(twice + table({ name: 'pool' })), /id\.pub is published twice/);
});

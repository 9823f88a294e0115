import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readRolesTable } from '../../services/supervisor/roles-table.ts';

const expected = readRolesTable().roles.flatMap((role) =>
  role.ports.map((port) => {
    const openTo = port.listen === 'open' ? 'the world' : 'loopback';
    const where = port.key === undefined ? '' : `, with \`${port.key}\``;
    return `| ${role.name} | ${port.number} | ${port.name} | ${openTo}${where} |`;
  }),
);

for (const file of ['README.md', 'docs/operations.md']) {
  test(`the ports in ${file} are those of nix/roles.toml`, () => {
    const lines = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n');
    const rows = lines.filter((line) => /^\| [a-z-]+ \| \d+ \|/.test(line));
    assert.deepEqual(rows, expected);
  });
}

const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

test("nginx's and Prometheus's ports, and the node's on each network, are those of nix/roles.toml", () => {
  const { fronts, rpcPorts } = readRolesTable();
  for (const [name, { number, upstream }] of fronts) {
    assert.ok(operations.includes(`127.0.0.1:${number} |`), name);
    if (upstream !== undefined) assert.ok(operations.includes(`${number} leads to ${upstream}`), name);
  }
  for (const [network, number] of rpcPorts)
    if (network !== 'regtest') assert.ok(operations.includes(`${number} on ${network}`), network);
});

test("every test that the owner's criteria name is there", () => {
  const [, criteria = ''] = operations.split("### The owner's criteria");
  const [table = ''] = criteria.split('\n#');
  const named = [...table.matchAll(/tests\/systemd: "([^"…]+)…?"|"([^"…]+)…?"/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  const source = readFileSync(new URL('../systemd/appliance.test.ts', import.meta.url), 'utf8');
  assert.ok(named.length >= 7);
  for (const name of named) assert.ok(source.includes(name), name);
  for (const [file] of table.matchAll(/tests\/(?:nixos|integration|faults)\/[\w.-]+/g))
    assert.ok(existsSync(new URL(`../../${file}`, import.meta.url)), file);
});

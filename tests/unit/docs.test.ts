import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readRolesTable } from '../../services/supervisor/roles-table.ts';

const expected = readRolesTable().roles.flatMap((role) =>
  role.ports.map((port) => {
    const openTo = port.listen === 'open' ? 'the world' : 'loopback';
    return `| ${role.name} | ${port.number} | ${port.name} | ${openTo} |`;
  }),
);

for (const file of ['README.md', 'docs/operations.md']) {
  test(`the ports in ${file} are those of nix/roles.toml`, () => {
    const lines = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n');
    const rows = lines.filter((line) => /^\| [a-z-]+ \| \d+ \|/.test(line));
    assert.deepEqual(rows, expected);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRolesTable } from '../../../../services/supervisor/roles-table.ts';
import { tableOfSides } from '../../../../services/supervisor/sides.ts';

const table = readRolesTable();

test('a side has its roles and the keys that they use, and waits for nothing that is elsewhere', () => {
  const client = tableOfSides(table, ['client']);
  assert.ok(client.roles.length > 0 && client.roles.every((role) => role.side === 'client'));
  const names = client.roles.map((role) => role.name);
  for (const role of client.roles) {
    assert.deepEqual(
      [...role.after, ...role.wants].filter((other) => !names.includes(other)),
      [],
    );
  }
  assert.ok(client.credentials.has('wallet-mnemonic'));
  assert.ok(!client.credentials.has('mint-seed') && !client.credentials.has('pool-id'));
});

test("the pool's identity, which no role reads, is the server's", () => {
  const server = tableOfSides(table, ['server']);
  assert.ok(server.credentials.has('pool-id') && server.credentials.has('mint-seed'));
  assert.ok(!server.credentials.has('wallet-mnemonic'));
});

test('both sides together are the whole table', () => {
  const both = tableOfSides(table, ['server', 'client']);
  assert.deepEqual(
    both.roles,
    table.roles.map((role) => ({ ...role })),
  );
  assert.deepEqual([...both.credentials], [...table.credentials]);
});

test('a node that something else runs is waited for by nobody', () => {
  const { roles, credentials } = tableOfSides(table, ['server'], ['bitcoind']);
  assert.ok(!roles.some((role) => role.name === 'bitcoind' || role.after.includes('bitcoind')));
  assert.ok(credentials.has('bitcoin-rpc'), 'the mint still asks it');
});

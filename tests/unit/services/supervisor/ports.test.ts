import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  notedPorts,
  notePorts,
  placePorts,
  portOf,
  shiftPorts,
} from '../../../../services/supervisor/ports.ts';
import { readRolesTable } from '../../../../services/supervisor/roles-table.ts';

const table = readRolesTable();

test('without a base each port keeps its number', () => {
  const ports = placePorts(table);
  assert.equal(portOf(ports, 'pool', 'sv2-mining'), 34254);
  assert.deepEqual(
    ports.map((port) => port.number),
    ports.map((port) => port.standard),
  );
});

test('with a base the k-th port of the table, from zero, is base + k', () => {
  const ports = placePorts(table, 20_000);
  assert.deepEqual(
    ports.map((port) => port.number),
    ports.map((_, k) => 20_000 + k),
  );
  assert.equal(portOf(ports, 'translator', 'sv1-mining'), 20_008);
});

test('a base at which the ports do not fit is refused', () => {
  const most = 65_536 - placePorts(table).length;
  const refusal = `--port-base must be 1024 to ${most}, not ${most + 1}`;
  assert.throws(() => placePorts(table, most + 1), { message: refusal });
  assert.throws(() => placePorts(table, 80), /must be 1024 to/);
  assert.equal(placePorts(table, most).at(-1)?.number, 65_535);
});

test('a port that is not in the table has no number', () => {
  assert.throws(() => portOf(placePorts(table), 'pool', 'http'), /role pool has no port http/);
});

test('config text is shifted where a port of the table stands, and nowhere else', () => {
  const text = [
    '# the mint is at 127.0.0.1:3338',
    'url = "http://127.0.0.1:3338"',
    'listen_port = 3338',
    'rpcport=18443',
    'downstream_port = 34255 # the usual one',
    'cert_validity_sec = 34260',
    'name = "share 3338"',
    'other = "127.0.0.1:33380"',
    'listen_address = "[::1]:34254"',
    'url = "http://[fd00:3338::3338]:3338/v1"',
  ].join('\n');
  assert.deepEqual(shiftPorts(text, placePorts(table, 20_000)).split('\n'), [
    '# the mint is at 127.0.0.1:3338',
    'url = "http://127.0.0.1:20003"',
    'listen_port = 20003',
    'rpcport=20000',
    'downstream_port = 20008 # the usual one',
    'cert_validity_sec = 34260',
    'name = "share 3338"',
    'other = "127.0.0.1:33380"',
    'listen_address = "[::1]:20005"',
    'url = "http://[fd00:3338::3338]:20003/v1"',
  ]);
});

test('shifting to the standard ports changes nothing', () => {
  const text = 'a = "127.0.0.1:34254"\nport = 3338\n';
  assert.equal(shiftPorts(text, placePorts(table)), text);
});

test('what a run has numbered is read again by name, and what is no such file is refused in words', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-ports-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(notedPorts(folder), undefined);
  const ports = placePorts(table, 20_000);
  notePorts(folder, ports);
  const noted = notedPorts(folder);
  assert.equal(noted?.size, ports.length);
  for (const { role, name, number } of ports) assert.equal(noted?.get(`${role} ${name}`), number);
  writeFileSync(join(folder, 'ports.json'), '{"mint http": "high"}');
  assert.throws(() => notedPorts(folder), { code: 'bad-ports-file', message: /start the appliance again/ });
});

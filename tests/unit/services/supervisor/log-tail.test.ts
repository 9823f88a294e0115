import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lastTrouble } from '../../../../services/supervisor/log-tail.ts';

function logOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'role.log'), text);
  return join(folder, 'role.log');
}

const entry = (level: string, msg: string): string => `${JSON.stringify({ level, role: 'pool', msg })}\n`;

test('the last line that tells of trouble is found behind those that do not', (t) => {
  const log = entry('fatal', "can't go on: no disk") + entry('info', 'stopping');
  assert.equal(lastTrouble(logOf(t, log)), "can't go on: no disk");
});

test('a plain line is trouble: only what the log does not carry is written so', (t) => {
  const line = 'pool.config.toml: prot is not a key here';
  assert.equal(lastTrouble(logOf(t, `${line}\n${entry('info', 'stopping')}\n`)), line);
});

test('a log without trouble, or empty, gives nothing', (t) => {
  assert.equal(lastTrouble(logOf(t, entry('info', 'ready'))), undefined);
  assert.equal(lastTrouble(logOf(t, '')), undefined);
});

test('of a long log the end alone is read, and a long line is cut', (t) => {
  assert.equal(lastTrouble(logOf(t, `old trouble\n${entry('info', 'x').repeat(1_000)}`)), undefined);
  assert.equal(lastTrouble(logOf(t, `${'y'.repeat(1_000)}\n`))?.length, 400);
});

test('of a crash, what was thrown', (t) => {
  const report =
    "file:1\nthrow new TypeError('no')\n^\n\nTypeError: no such thing\n    at f (file:1:2)\n\nNode.js v24.21.0\n";
  assert.equal(lastTrouble(logOf(t, report)), 'TypeError: no such thing');
});

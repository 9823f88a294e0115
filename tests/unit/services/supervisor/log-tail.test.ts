import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastTrouble } from '../../../../services/supervisor/log-tail.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

function logOf(text: string): string {
  const log = join(temporaryFolder(), 'role.log');
  writeFileSync(log, text);
  return log;
}

const entry = (level: string, msg: string): string => `${JSON.stringify({ level, role: 'pool', msg })}\n`;

test('the last line that tells of trouble is found behind those that do not', () => {
  const log = entry('fatal', "can't go on: no disk") + entry('info', 'stopping');
  assert.equal(lastTrouble(logOf(log)), "can't go on: no disk");
});

test('a plain line is trouble: only what the log does not carry is written so', () => {
  const line = 'pool.config.toml: prot is not a key here';
  assert.equal(lastTrouble(logOf(`${line}\n${entry('info', 'stopping')}\n`)), line);
});

test('a log without trouble, or empty, gives nothing', () => {
  assert.equal(lastTrouble(logOf(entry('info', 'ready'))), undefined);
  assert.equal(lastTrouble(logOf('')), undefined);
});

test('of a long log the end alone is read, and a long line is cut', () => {
  assert.equal(lastTrouble(logOf(`old trouble\n${entry('info', 'x').repeat(1_000)}`)), undefined);
  assert.equal(lastTrouble(logOf(`${'y'.repeat(1_000)}\n`))?.length, 400);
});

test('of a crash, what was thrown', () => {
  const report =
    "file:1\nthrow new TypeError('no')\n^\n\nTypeError: no such thing\n    at f (file:1:2)\n\nNode.js v24.21.0\n";
  assert.equal(lastTrouble(logOf(report)), 'TypeError: no such thing');
});

test('what a stranger put into a line does not steer the terminal', () => {
  const log = entry('error', 'miner \x1b]0;owned\x07\x1b[2J\r\nok\x9b1m');
  assert.equal(lastTrouble(logOf(log)), 'miner ok');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunningClock } from '../harness/running-clock.ts';

const SPELL_MS = 400;

test('a clock of promises leaves out what this process stood still, and counts what it was busy', () => {
  using clock = new RunningClock();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SPELL_MS);
  const stood = clock.ms;
  assert.ok(stood < SPELL_MS / 2, `${stood} ms of a standstill`);
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user < SPELL_MS * 1000);
  const busy = clock.ms - stood;
  assert.ok(busy >= SPELL_MS, `${busy} ms of work`);
});

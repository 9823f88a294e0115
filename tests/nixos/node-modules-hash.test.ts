import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';

const project = resolve(import.meta.dirname, '..', '..');

test('the hash in nix/packages is that of what package-lock.json names', () => {
  const ran = spawnSync(process.execPath, ['scripts/node-modules-hash.ts'], {
    cwd: project,
    encoding: 'utf8',
  });
  assert.equal(ran.status, 0, ran.stderr);
});

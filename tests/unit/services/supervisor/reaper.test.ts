import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../../../harness/is-alive.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const fakeSupervisor = fileURLToPath(new URL('./fakes/supervisor.ts', import.meta.url));
const LONGEST_MS = 5_000;

test('a supervisor that is killed leaves no process behind, not even a role that hangs', async (t) => {
  const folder = temporaryFolder();
  const behaviours = ['obedient', 'deaf', 'hung'];
  const supervisor = spawn(process.execPath, [fakeSupervisor, folder, ...behaviours], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(line.toString().split('\n')[0] ?? '') as number[];
  t.after(() => {
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  assert.deepEqual(pids.map(isAlive), [true, true, true]);
  supervisor.kill('SIGKILL');
  await once(supervisor, 'exit');
  const deadline = Date.now() + LONGEST_MS;
  while (pids.some(isAlive) && Date.now() < deadline) await delay(50);
  assert.deepEqual(pids.map(isAlive), [false, false, false]);
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockFolder } from '../../../../services/supervisor/lock.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const lockPath = (): string => join(temporaryFolder(), 'lock');

test('a folder that is taken is refused with the holder named, and free again after the release', () => {
  const path = lockPath();
  const lock = lockFolder(path, 4711);
  assert.throws(() => lockFolder(path, 1), {
    code: 'state-in-use',
    message: /process 4711 runs on this state folder/,
  });
  lock.release();
  lockFolder(path, 2).release();
});

test('a lock whose process was killed is no lock', async () => {
  const path = lockPath();
  const module = new URL('../../../../services/supervisor/lock.ts', import.meta.url);
  const script = `import { lockFolder } from '${module}'; lockFolder(process.argv[1], process.pid); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  assert.throws(() => lockFolder(path, 1), {
    code: 'state-in-use',
    message: new RegExp(`process ${holder.pid} `),
  });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  lockFolder(path, 2).release();
});

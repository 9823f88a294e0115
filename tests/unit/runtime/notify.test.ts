import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../../runtime/logs.ts';
import { createNotifier } from '../../../runtime/notify.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';

test('what a peer said stays one line of the status that systemd is told', async () => {
  const folder = temporaryFolder();
  const said = join(folder, 'said');
  writeFileSync(join(folder, 'systemd-notify'), '#!/bin/sh\nprintf "%s|" "$@" >> "$SAID"\n', { mode: 0o755 });
  const environment = { NOTIFY_SOCKET: '/none', PATH: `${folder}:${process.env['PATH']}`, SAID: said };
  const notifier = createNotifier(environment, createLog('test', 'silent'));
  notifier.status('waiting for pool: no\nSTOPPING=1\r\n', {});
  for (let i = 0; i < 200 && !(existsSync(said) && readFileSync(said, 'utf8').endsWith('|')); i++)
    await sleep(25);
  assert.equal(readFileSync(said, 'utf8'), '--status=waiting for pool: no STOPPING=1 |');
});

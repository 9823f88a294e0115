import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { databasePaths } from '../../../../commands/appliance/databases.ts';
import { makeBackup } from '../../../../commands/backups/make-backup.ts';
import { restoreBackup } from '../../../../commands/backups/restore-backup.ts';
import { placesOf } from '../../../../commands/backups/roles.ts';
import { existingState } from '../../../../services/supervisor/state-folder.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';
import { openChannel, share, startRole, startService, statsOf, until } from '../../services/stats/scene.ts';

test('the time series of both sides are backed up while they are written, and come back', async (t) => {
  const folder = temporaryFolder();
  const state = existingState(folder);
  const roles = ['pool-stats', 'proxy-stats'];
  const places = placesOf(databasePaths(state, {}), roles);
  assert.deepEqual(places, {
    'pool-stats': join(folder, 'pool-stats/stats.sqlite'),
    'proxy-stats': join(folder, 'proxy-stats/stats.sqlite'),
  });
  const pool = await startService(t, { place: places['pool-stats'] ?? '' });
  await startService(t, { place: places['proxy-stats'] ?? '', side: 'proxy' });
  const role = startRole(t, pool.tcpPort);
  for (const event of [...openChannel(1, 'rig'), share(1, { count: 7 })]) role.send(event);
  await until('shares in the database', async () => (await totalOf(pool)) === '7');

  const notes = join(folder, 'notes');
  const now = new Date();
  const to = join(folder, 'backups');
  const { file, manifest } = await makeBackup({
    ...{ places, to, notes, keep: 3, recipient: undefined, journal: undefined, now },
  });
  assert.deepEqual(
    manifest.files.map((each) => each.file),
    ['pool-stats.sqlite', 'proxy-stats.sqlite'],
  );
  await pool.close();
  const place = join(folder, 'restored/stats.sqlite');
  const options = { file, force: false, identity: undefined, journal: undefined, work: notes, now };
  const restored = await restoreBackup({ ...options, places: { 'pool-stats': place } });
  assert.deepEqual(restored.restored, ['pool-stats']);
  const again = await startService(t, { place });
  assert.equal((await statsOf(again)).shares.accepted, '7');
});

/** What is on the disk, and not in the service's memory alone. */
async function totalOf(service: Awaited<ReturnType<typeof startService>>): Promise<string> {
  return String((await service.context.store.call('totals', null)).accepted);
}

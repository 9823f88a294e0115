import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StatsMessage } from '../../protocols/stats/messages.ts';
import type { HashrateChart } from '../../services/stats/api/schemas/hashrate.ts';
import type { Health } from '../../services/stats/api/schemas/health.ts';
import type { Services } from '../../services/stats/api/schemas/services.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { RoleProcess } from '../harness/role-process.ts';
import { smallDisk } from '../harness/small-disk.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import { get, startRole, statsOf, until } from '../unit/services/stats/scene.ts';

const entry = fileURLToPath(new URL('../../roles/proxy-stats/main.ts', import.meta.url));
const DISK_MIB = 12;
const DAY_MS = 86_400_000;
/** Each is a row of its own in two tables. */
const MANY_MINERS = 2_000;

function shareOf(miner: number, at: number): StatsMessage[] {
  const worker = `rig${miner}`;
  const open = { at: BigInt(at), miner_id: miner, address: '10.0.0.1', software: 'test', worker };
  const best_hash = new Uint8Array(32).fill(1);
  const share = {
    at: BigInt(at),
    miner_id: miner,
    count: 1,
    difficulty: 32,
    best_hash,
    slowest_us: 1,
    worker,
  };
  return [
    { name: 'MinerConnected', ...open },
    { name: 'MinerShareSubmitted', ...share },
  ];
}

test('statistics on a full disk: what is there stays and is shown, recording pauses and says so, and goes on by itself', async (t) => {
  const folder = temporaryFolder();
  const disk = await smallDisk(t, folder, DISK_MIB);
  const database = join(disk.folder, 'stats.sqlite');
  const port = await freePortBase(2);
  const write = (name: string, ...lines: string[]) => writeFileSync(join(folder, name), lines.join('\n'));
  write('miner.toml', '[bitcoin]', 'network = "regtest"', '[mint]', 'url = "http://127.0.0.1:9"');
  write(
    'stats.toml',
    '[server]',
    `tcp_port = ${port}`,
    `http_port = ${port + 1}`,
    `db_path = "${database}"`,
    '[probes]',
    '[health]',
    'min_free_mib = 1',
    'pause_free_mib = 0',
  );
  const service = new RoleProcess(
    [entry, '-c', join(folder, 'stats.toml'), '-g', join(folder, 'miner.toml')],
    folder,
  );
  t.after(() => service.stop());
  await service.says(/"msg":"ready"/);
  const api = { url: `http://127.0.0.1:${port + 1}` };
  const storage = async () => (await get<Services>(api, '/api/services')).storage;
  const dependency = async (name: string) =>
    (await get<Health>(api, '/health')).dependencies.find((each) => each.name === name);
  const accepted = async () => (await statsOf(api)).shares.accepted;
  const oldest = async () =>
    (await get<HashrateChart>(api, '/api/hashrate?hours=720')).points.some(
      ({ at, shares }) => at < Date.now() - 9 * DAY_MS && shares > 0,
    );

  const role = startRole(t, port, { role: 'translator' });
  for (const event of shareOf(1, Date.now() - 10 * DAY_MS)) role.send(event);
  for (const event of shareOf(1, Date.now())) role.send(event);
  await until('both shares', async () => (await accepted()) === '2');
  await until('the old share on the disk', oldest);

  await disk.fill(service.pid, database);
  for (let miner = 2; miner < MANY_MINERS + 2; miner++) {
    for (const event of shareOf(miner, Date.now())) role.send(event);
  }
  await until('the pause', async () => (await storage()).state === 'paused');
  const { why } = await storage();
  assert.match(why, /full|disk I\/O/);
  await until('health to say so', async () => (await dependency('recording'))?.state === 'failing');
  if (disk.isReal) assert.equal((await dependency('disk'))?.state, 'failing');
  assert.ok(await oldest(), 'old data stays');
  assert.equal((await fetch(`${api.url}/livez`)).status, 200);

  await disk.free(service.pid);
  await until('recording to go on', async () => (await storage()).state === 'ok');
  await until('all shares', async () => (await accepted()) === String(MANY_MINERS + 2));
  assert.equal((await statsOf(api)).lost_events.count, '0');
  await until('health to be well of it', async () => (await dependency('recording'))?.state === 'ok');
  assert.ok(await oldest());
  assert.equal(await service.stop(), 0);
});

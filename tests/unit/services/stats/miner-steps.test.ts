import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import type { HashrateChart } from '../../../../services/stats/api/schemas/hashrate.ts';
import type { Miners } from '../../../../services/stats/api/schemas/miners.ts';
import { NO_TOTALS } from '../../../../services/stats/store/batch.ts';
import { readOperations } from '../../../../services/stats/store/reads.ts';
import { schema } from '../../../../services/stats/store/schema.ts';
import { MINER_STEPS } from '../../../../services/stats/store/steps.ts';
import { writeOperations } from '../../../../services/stats/store/writes.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';
import { get, openChannel, share, startRole, startService, until } from './scene.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const NO_WORK = { work: 0n, shares: 0, squares: 0 };

test('a week of one miner is drawn by half hours, a month by hours', async (t) => {
  const service = await startService(t);
  const role = startRole(t, service.tcpPort);
  const threeDaysAgo = Math.floor(Date.now() / 1000 / HOUR) * HOUR - 3 * DAY + 20 * 60;
  for (const event of openChannel(1, 'alice')) role.send(event);
  role.send(share(1, { count: 4, k: 40, at: threeDaysAgo * 1000 }));
  const path = '/api/hashrate?miner=1&hours=';
  await until('it to be written', async () => {
    const { miners } = await get<Miners>(service, '/api/miners?hours=168');
    return miners[0]?.accepted === 4;
  });
  const within = async (hours: number) => {
    const { points, step_seconds, window_seconds } = await get<HashrateChart>(service, `${path}${hours}`);
    const ends = points.filter(({ shares }) => shares > 0).map(({ at }) => at / 1000 - threeDaysAgo);
    return { step_seconds, window_seconds, ends };
  };
  // Its share is in the means of an hour that end ten and forty minutes after it.
  assert.deepEqual(await within(168), { step_seconds: 1800, window_seconds: HOUR, ends: [600, 2400] });
  assert.deepEqual(await within(720), { step_seconds: HOUR, window_seconds: HOUR, ends: [2400] });
});

test('sums over all miners of any length count each share once', async (t) => {
  const service = await startService(t);
  const role = startRole(t, service.tcpPort);
  for (const event of openChannel(1, 'alice')) role.send(event);
  const hour = Math.floor(Date.now() / 1000 / HOUR) * HOUR;
  const ago = [0, 2, 23, 30, 50, 200, 700, 9000];
  for (const hours of ago) role.send(share(1, { k: 40, at: (hour - hours * HOUR) * 1000 }));
  const accepted = async (hours: number) =>
    (await get<Miners>(service, `/api/miners?hours=${hours}`)).miners[0]?.accepted;
  await until('it to be written', async () => (await accepted(17_520)) === ago.length);
  // A window begins with a whole hour.
  for (const hours of [2, 24, 48, 168, 720, 8760, 17_520]) {
    assert.equal(await accepted(hours), ago.filter((each) => each <= hours).length, `${hours} hours`);
  }
});

test('each step is kept for its time, and a miner has so many rows at most', () => {
  const db = openDatabase(join(temporaryFolder(), 'stats.sqlite'), schema);
  const { write, prune } = writeOperations(db);
  const now = 800 * DAY;
  const sums = { rejected: 0, work: 1n << 40n, shares: 1, squares: 1 };
  const times = [1, 2 * HOUR, 2 * DAY, 7 * DAY, 9 * DAY, 700 * DAY, 740 * DAY].map((ago) => now - ago);
  write({
    side: [{ at: now - 10, seconds: 10, rejected: 0, ...NO_WORK }],
    miners: [],
    minerSamples: times.map((at) => ({ at: at - (at % 60), minerId: 1, ...sums })),
    rejects: [],
    quotes: [],
    blocks: [],
    events: [],
    totals: { ...NO_TOTALS },
    sources: [],
    lostAt: undefined,
  });
  prune(now * 1000);
  const { miner } = readOperations(db);
  const rows = (step: number) => miner({ step, from: 0, to: now, minerId: 1 }).length;
  assert.deepEqual([rows(60), rows(600), rows(HOUR), rows(DAY)], [2, 4, 6, 5]);
  const most = MINER_STEPS.reduce((sum, { seconds, keptSeconds }) => sum + keptSeconds / seconds, 0);
  assert.equal(most, 20_892, 'docs/stats.md says how much room that takes');
  db.close();
});

test('a database of before has steps of ten minutes and of days of what it has', () => {
  const path = join(temporaryFolder(), 'stats.sqlite');
  const before = openDatabase(path, { name: 'stats', migrations: schema.migrations.slice(0, 2) });
  const add = before.prepare('INSERT INTO miner_samples VALUES (?, ?, 7, 2, 1, 3, 4, 0.5)');
  for (const at of [1200, 1260, 1740, 1800]) add.run(60, at);
  for (const at of [0, 82_800, 86_400]) add.run(3600, at);
  before.close();
  const db = openDatabase(path, schema);
  const rows = readOperations(db).miner({ step: 600, from: 0, to: 3600, minerId: 7 });
  assert.deepEqual(
    rows.map(({ at, shares, rejected, work }) => [at, shares, rejected, work]),
    [
      [1200, 6, 3, (9n << 32n) + 12n],
      [1800, 2, 1, (3n << 32n) + 4n],
    ],
  );
  const days = readOperations(db).miner({ step: DAY, from: 0, to: 2 * DAY, minerId: 7 });
  assert.deepEqual(
    days.map(({ at, shares }) => [at, shares]),
    [
      [0, 4],
      [DAY, 2],
    ],
  );
  db.close();
});

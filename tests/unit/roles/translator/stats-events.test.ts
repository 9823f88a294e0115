import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTranslatorStats } from '../../../../roles/translator/stats-events.ts';
import type { PoolView } from '../../../../services/mining-client/client.ts';
import type { Upstreams } from '../../../../services/stats/api/schemas/upstreams.ts';
import { get, silent, startService, until } from '../../services/stats/scene.ts';

const SECOND = 'backup.example:34254';

test('the pools of the list are told: which is in use, since when, and what went wrong last', async (t) => {
  const service = await startService(t, { side: 'proxy' });
  const now = performance.now();
  let pools: PoolView[] = [
    { name: 'pool:1', isUsed: true, state: 'ok', why: 'has work', since: now, failure: undefined },
    { name: SECOND, isUsed: false, state: 'unknown', why: 'not connected', since: 0, failure: undefined },
  ];
  const config = {
    stats: { stats_server_address: `127.0.0.1:${service.tcpPort}`, buffer_events: 100 },
    downstream_difficulty_config: { shares_per_minute: 6 },
  };
  const context = { config, log: silent } as Parameters<typeof openTranslatorStats>[0];
  const stats = openTranslatorStats(context, {
    ...{ link: () => 'connected to pool', waiting: () => 0, miners: () => 0 },
    pools: () => pools,
  });
  t.after(() => stats.close());
  const upstreams = async () => (await get<Upstreams>(service, '/api/upstreams')).upstreams;
  await until('both', async () => (await upstreams()).length === 2);
  const [first, second] = await upstreams();
  assert.deepEqual(
    [first?.name, first?.in_use, first?.state, first?.failed_at],
    ['pool:1', true, 'ok', null],
  );
  assert.ok(Math.abs((first?.since ?? 0) - Date.now()) < 60_000);
  assert.deepEqual([second?.in_use, second?.state, second?.why], [false, 'unknown', 'not connected']);

  const failure = { why: 'it refuses connections', at: performance.now() };
  pools = [
    { name: 'pool:1', isUsed: false, state: 'failing', why: failure.why, since: now, failure },
    { name: SECOND, isUsed: true, state: 'ok', why: 'has work', since: now, failure: undefined },
  ];
  await until('the other one in use', async () => (await upstreams())[1]?.in_use === true);
  const [left] = await upstreams();
  assert.deepEqual([left?.in_use, left?.failure], [false, failure.why]);
  assert.ok(Math.abs((left?.failed_at ?? 0) - Date.now()) < 60_000);
});

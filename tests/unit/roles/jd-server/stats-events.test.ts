import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { House, HouseSums } from '../../../../roles/jd-server/house.ts';
import { openJdServerStats } from '../../../../roles/jd-server/stats-events.ts';
import type { Declarations } from '../../../../services/stats/api/schemas/declarations.ts';
import type { Services } from '../../../../services/stats/api/schemas/services.ts';
import { get, silent, startService, until } from '../../services/stats/scene.ts';

/** A house of which only the sums are looked at. */
function fakeHouse() {
  const sums = {
    clients: 2,
    tokens: 5,
    declared: 3,
    solutions: 1,
    refused: new Map([['stale-chain-tip', 2]]),
  };
  return { sums: sums as HouseSums, trouble: undefined as string | undefined } satisfies Pick<
    House,
    'sums' | 'trouble'
  >;
}

test('what miners declare is told to the stats service: clients, tokens, jobs, refusals by reason', async (t) => {
  const service = await startService(t);
  assert.equal((await get<Declarations>(service, '/api/declarations')).sums, null);
  const house = fakeHouse();
  const config = { stats: { stats_server_address: `127.0.0.1:${service.tcpPort}`, buffer_events: 100 } };
  const stats = openJdServerStats({ config, log: silent } as Parameters<typeof openJdServerStats>[0], house);
  t.after(() => stats.close());
  const declarations = async () => (await get<Declarations>(service, '/api/declarations')).sums;
  await until('the first sums', async () => (await declarations())?.declared === '3');
  const { at: _, ...first } = (await declarations()) ?? { at: 0 };
  assert.deepEqual(first, {
    clients: 2,
    tokens: '5',
    declared: '3',
    solutions: '1',
    refused: [{ reason: 'stale-chain-tip', count: '2' }],
  });
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  for (const line of ['jd_clients 2', 'jd_tokens_total 5', 'jd_refused_total{reason="stale-chain-tip"} 2']) {
    assert.ok(metrics.includes(`\nhashpool_${line}\n`), line);
  }

  house.sums = { ...house.sums, declared: 4 };
  house.trouble = 'waiting: the node has not answered yet';
  await until('the next sums', async () => (await declarations())?.declared === '4');
  const words = async () => (await get<Services>(service, '/api/services')).processes[0]?.status;
  await until('its words', async () => (await words()) === house.trouble);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { MINING_PROTOCOL } from '../../../../protocols/sv2/common.ts';
import { JobCounts } from '../../../../roles/jd-client/job-counts.ts';
import { openJdClientStats, type StatsView } from '../../../../roles/jd-client/stats-events.ts';
import { VENDOR } from '../../../../runtime/sv2/setup.ts';
import type { Declarations } from '../../../../services/stats/api/schemas/declarations.ts';
import type { Stats } from '../../../../services/stats/api/schemas/stats.ts';
import { get, silent, startService, until } from '../../services/stats/scene.ts';
import { jobOn, openedChannel, workOf } from './support.ts';

type Context = Parameters<typeof openJdClientStats>[0];

function contextFor(tcpPort: number): Context {
  const config = { stats: { stats_server_address: `127.0.0.1:${tcpPort}`, buffer_events: 100 } };
  return { config, log: silent } as Context;
}

/** A role that mines solo, its first pool away. */
function viewOf(jobs: JobCounts) {
  return {
    text: () => 'waiting for pool a:1: it is away; mining solo meanwhile',
    pay: () => ({ state: 'failing', why: 'nobody pays' }) as const,
    channels: () => 3,
    pools: () => [
      { name: 'a:1', isUsed: false, state: 'failing', why: 'it is away' } as const,
      { name: 'solo', isUsed: true, state: 'ok', why: 'blocks pay the miner itself' } as const,
    ],
    jobs,
    desk: { counts: { accepted: 7, refused: 2, lost: 1 }, size: 4 },
    blocks: { found: 2, unseen: 1 },
  } satisfies StatsView;
}

test('jobs, for whom is mined, shares and blocks are told to the stats service', async (t) => {
  const service = await startService(t, { side: 'proxy' });
  assert.equal((await get<Declarations>(service, '/api/declarations')).own, null);
  const jobs = new JobCounts();
  jobs.made = 9;
  jobs.accepted = 5;
  jobs.refuse('stale-chain-tip');
  jobs.refuse('stale-chain-tip');
  const stats = openJdClientStats(contextFor(service.tcpPort));
  t.after(() => stats.close());
  stats.show(viewOf(jobs));
  const own = async () => (await get<Declarations>(service, '/api/declarations')).own;
  await until('the sums', async () => (await own()) !== null);
  const { at: _, ...told } = (await own()) ?? { at: 0 };
  assert.deepEqual(told, {
    pools: [
      { name: 'a:1', in_use: false, state: 'failing', why: 'it is away' },
      { name: 'solo', in_use: true, state: 'ok', why: 'blocks pay the miner itself' },
    ],
    made: '9',
    accepted: '5',
    refused: [{ reason: 'stale-chain-tip', count: '2' }],
    shares: { accepted: '7', refused: '2', lost: '1', waiting: 4 },
    blocks: '2',
    blocks_unseen: 1,
  });
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  for (const line of [
    'jdc_pool_up{pool="a:1"} 0',
    'jdc_mined_for{pool="solo"} 1',
    'jdc_jobs_made_total 9',
    'jdc_refusals_total{reason="stale-chain-tip"} 2',
    'jdc_shares_total{outcome="lost"} 1',
    'jdc_blocks_unseen 1',
  ]) {
    assert.ok(metrics.includes(`\nhashpool_${line}\n`), line);
  }
});

test('shares of miners that connect by themselves are told, those of a translator are its own to tell', async (t) => {
  const service = await startService(t, { side: 'proxy' });
  const stats = openJdClientStats(contextFor(service.tcpPort));
  t.after(() => stats.close());
  const setup = {
    name: 'SetupConnection',
    protocol: MINING_PROTOCOL,
    min_version: 2,
    max_version: 2,
    flags: 0,
    endpoint_host: '',
    endpoint_port: 0,
    hardware_version: '',
    firmware: '',
    device_id: '',
  } as const;
  const channel = openedChannel(1);
  const share = {
    channel,
    sequenceNumber: 1,
    k: 20,
    work: undefined,
    worker: 'rig',
    since: performance.now(),
  };
  const work = workOf(1, jobOn(new SeenShares()));
  for (const [connection, vendor] of [
    [1, VENDOR],
    [2, 'somebody'],
  ] as const) {
    stats.mining.onConnected?.(connection, '127.0.0.1:1', { ...setup, vendor });
    stats.mining.onChannelOpened?.(connection, channel);
    stats.mining.onAccepted?.(connection, share, work);
    stats.mining.onRejected?.('stale-share', connection, channel.id);
  }
  const sums = async () => (await get<Stats>(service, '/api/stats')).shares;
  await until('the shares', async () => (await sums()).rejected !== '0');
  const { accepted, rejected } = await sums();
  assert.deepEqual([accepted, rejected], ['1', '1']);
  const { workers, connections } = await get<Stats>(service, '/api/stats');
  assert.deepEqual([workers, connections], [1, 1]);
  stats.mining.onDisconnected?.(2);
  await until('nobody is there', async () => (await get<Stats>(service, '/api/stats')).workers === 0);
});

test('reasons are bounded, whatever pools say', () => {
  const jobs = new JobCounts();
  for (let i = 0; i < 100; i++) jobs.refuse(`reason ${i}`);
  assert.equal(jobs.refused.size, 32);
  assert.equal(jobs.refused.get('other'), 69);
});

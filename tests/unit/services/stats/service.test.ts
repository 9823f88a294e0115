import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Events } from '../../../../services/stats/api/schemas/events.ts';
import type { HashrateChart } from '../../../../services/stats/api/schemas/hashrate.ts';
import type { Health } from '../../../../services/stats/api/schemas/health.ts';
import type { LiveMessage } from '../../../../services/stats/api/schemas/live.ts';
import type { MinerDetail, Miners } from '../../../../services/stats/api/schemas/miners.ts';
import type { Quotes } from '../../../../services/stats/api/schemas/quotes.ts';
import type { Rejected } from '../../../../services/stats/api/schemas/rejected.ts';
import type { Services } from '../../../../services/stats/api/schemas/services.ts';
import { type Finding, failing, well } from '../../../../services/stats/health/probe.ts';
import { testPostgres } from '../../../harness/postgres.ts';
import { get, openChannel, share, startRole, startService, statsOf, until } from './scene.ts';

const stores = {
  SQLite: async () => undefined,
  PostgreSQL: async () => (await testPostgres()).newDatabase(),
};

for (const [store, newPlace] of Object.entries(stores)) {
  test(`on ${store}: what roles tell is what the API says, also after a restart`, async (t) => {
    const place = await newPlace();
    const service = await startService(t, place === undefined ? {} : { place });
    const role = startRole(t, service.tcpPort);
    const at = BigInt(Date.now());
    for (const event of [
      ...openChannel(1, 'alice'),
      ...openChannel(2, 'bob'),
      share(1, { count: 3, k: 40 }),
      share(2, { count: 1, k: 70 }),
      share(2, { worker: 'garage', k: 70 }),
    ])
      role.send(event);
    const rejected = { at, downstream_id: 1, channel_id: 1, worker: '' };
    role.send({ name: 'ShareRejected', ...rejected, count: 2, error_code: 'stale-share' });
    role.send({ name: 'QuoteCreated', at, downstream_id: 1, count: 3, amount: 1n << 78n });
    role.send({ name: 'QuoteAcknowledged', at, count: 3, refused: 1, delay_ms: 20 });
    const work = (3n << 40n) + (2n << 70n);
    await until('all of it', async () => (await statsOf(service)).quotes.refused === '1');
    await until(
      'it to be written',
      async () => (await get<Rejected>(service, '/api/shares/rejected')).rejected === 2,
    );
    const check = async (url: string) => {
      const stats = await statsOf({ url });
      assert.equal(stats.shares.work, String(work));
      assert.equal(stats.shares.rejected, '2');
      assert.equal(stats.quotes.ehash, String(1n << 78n));
      const { miners, total } = await get<Miners>({ url }, '/api/miners?hours=1');
      assert.equal(total, 3);
      assert.deepEqual(
        miners.map(({ name, hashrate, rejected: no }) => [name, hashrate.work, no]),
        [
          ['bob', String(1n << 70n), 0],
          ['bob.garage', String(1n << 70n), 0],
          ['alice', String(3n << 40n), 2],
        ],
      );
      const { reasons } = await get<Rejected>({ url }, '/api/shares/rejected?hours=1');
      assert.deepEqual(
        reasons.map(({ reason, count }) => [reason, count]),
        [['stale-share', 2]],
      );
      const detail = await get<MinerDetail>({ url }, `/api/miners/${miners[2]?.id}`);
      assert.equal(detail.rejects[0]?.count, 2);
      const quotes = await get<Quotes>({ url }, '/api/quotes?hours=1');
      assert.deepEqual([quotes.total.created, quotes.total.mean_delay_ms], [3, 20]);
      assert.equal((await get<HashrateChart>({ url }, `/api/hashrate?miner=${miners[2]?.id}`)).hours, 24);
    };
    await check(service.url);
    await service.close();
    await check((await startService(t, { place: service.place })).url);
  });
}

test('health says what fails, since when and why, and so does the root of the metrics', async (t) => {
  let finding: Finding = well('answers');
  const probe = { name: 'thing', title: 'Thing', matters: true, remedy: 'mend it', look: () => finding };
  const service = await startService(t, { probes: [probe] });
  const health = await fetch(`${service.url}/health`);
  assert.equal(health.status, 200);
  finding = failing('is broken');
  await until('the fault', async () => (await fetch(`${service.url}/health`)).status === 503);
  const { verdict, dependencies } = await get<Health>(service, '/health');
  assert.equal(verdict, 'Thing: is broken');
  assert.equal(dependencies[0]?.remedy, 'mend it');
  const text = await (await fetch(`${service.url}/metrics`)).text();
  assert.match(text, /hashpool_dependency_up\{dependency="thing",matters="true"\} 0/);
  const { events } = await get<Events>(service, '/api/events');
  assert.ok(events.some(({ kind, subject }) => kind === 'dependency-failing' && subject === 'thing'));
});

test('a full disk pauses the recording, which goes on when there is room, with nothing lost', async (t) => {
  let pauseBytes = Number.MAX_SAFE_INTEGER;
  const service = await startService(t, { pauseBytes: () => pauseBytes });
  const role = startRole(t, service.tcpPort);
  for (const event of [...openChannel(1, 'alice'), share(1, { count: 9 })]) role.send(event);
  const storage = async () => (await get<Services>(service, '/api/services')).storage;
  await until('the pause', async () => (await storage()).state === 'paused');
  assert.match((await storage()).why, /MiB of the disk are free/);
  pauseBytes = 0;
  await until('the recording', async () => (await storage()).state === 'ok');
  await until(
    'the shares',
    async () => (await get<Miners>(service, '/api/miners')).miners[0]?.accepted === 9,
  );
});

test('what is not known yet is no metric, and is one as soon as it is known', async (t) => {
  const state = { now: 'unknown' as 'unknown' | 'ok' };
  const look = () => ({ state: state.now, why: 'is' });
  const service = await startService(t, {
    probes: [{ name: 'disk', title: 'Disk', matters: true, remedy: 'none', look }],
  });
  const metrics = async () => {
    const response = await fetch(`${service.url}/metrics`);
    assert.equal(response.status, 200);
    return response.text();
  };
  assert.doesNotMatch(await metrics(), /^hashpool_(dependency_up|hashrate|role)/m);
  state.now = 'ok';
  const role = startRole(t, service.tcpPort);
  for (const event of [...openChannel(1, 'rig'), share(1)]) role.send(event);
  for (const line of [
    'dependency_up{dependency="disk",',
    'hashrate_hashes_per_second{window="1m"}',
    'role_reporting{',
  ]) {
    await until(line, async () => (await metrics()).includes(`\nhashpool_${line}`));
  }
  assert.match(await metrics(), /^hashpool_outbox_shares 0$/m);
  await role.close();
});

test('nobody is offline beside the share that has just come', async (t) => {
  const service = await startService(t);
  const role = startRole(t, service.tcpPort);
  for (const event of [...openChannel(1, 'rig'), share(1)]) role.send(event);
  let rig: Miners['miners'][number] | undefined;
  await until('the miner', async () => {
    [rig] = (await get<Miners>(service, '/api/miners')).miners;
    return rig !== undefined;
  });
  assert.equal(rig?.state, 'ok');
});

test('since when a miner is as it is survives a restart of the service', async (t) => {
  const first = await startService(t);
  const place = { place: first.place, tcpPort: first.tcpPort };
  const role = startRole(t, first.tcpPort);
  for (const event of [...openChannel(1, 'rig'), share(1)]) role.send(event);
  const rig = async (service: Pick<typeof first, 'url'>) =>
    (await get<Miners>(service, '/api/miners')).miners.find(({ name }) => name === 'rig');
  await until('the miner to be well', async () => (await rig(first))?.state === 'ok');
  const since = (await rig(first))?.state_since;
  await first.close();
  const second = await startService(t, place);
  assert.deepEqual([(await rig(second))?.state, (await rig(second))?.state_since], ['ok', since]);
  await until('the role', async () => (await get<Services>(second, '/api/services')).processes.length > 0);
  second.board.judge();
  assert.deepEqual([(await rig(second))?.state, (await rig(second))?.state_since], ['ok', since]);
});

test('figures that can not be stop nothing', async (t) => {
  const service = await startService(t);
  const role = startRole(t, service.tcpPort);
  const quote = { at: BigInt(Date.now()), downstream_id: 1, count: 1, amount: (1n << 128n) - 1n };
  role.send({ name: 'QuoteCreated', ...quote });
  for (const event of [...openChannel(1, 'alice'), share(1, { k: 255 }), share(1)]) role.send(event);
  await until(
    'the shares',
    async () => (await get<Miners>(service, '/api/miners')).miners[0]?.accepted === 2,
  );
  assert.equal((await get<Services>(service, '/api/services')).storage.state, 'ok');
});

test('names and addresses are shown as the config says', async (t) => {
  const service = await startService(t, { redact: { names: true, addresses: true } });
  const role = startRole(t, service.tcpPort);
  for (const event of [...openChannel(1, 'alice-in-wonderland'), share(1)]) role.send(event);
  await until('the miner', async () => (await get<Miners>(service, '/api/miners')).total === 1);
  for (const path of ['/api/miners', '/api/workers', '/api/leaderboard', '/api/events', '/api/stats']) {
    const text = await (await fetch(`${service.url}${path}`)).text();
    assert.ok(!text.includes('wonderland') && !text.includes('10.0.0.1'), path);
  }
});

test('the live feed begins with all, by WebSocket and by server-sent events', async (t) => {
  const service = await startService(t);
  const wanted = ['stats', 'health', 'job', 'events'];
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/ws`);
  t.after(() => socket.close());
  const seen: LiveMessage['type'][] = [];
  socket.addEventListener('message', ({ data }) => seen.push((JSON.parse(String(data)) as LiveMessage).type));
  await until('the first messages', () => seen.length >= wanted.length);
  assert.deepEqual(seen.slice(0, wanted.length), wanted);
  const abort = new AbortController();
  t.after(() => abort.abort());
  const response = await fetch(`${service.url}/api/live`, { signal: abort.signal });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes('event: events')) break;
  }
  assert.deepEqual(
    [...text.matchAll(/^event: (\w+)$/gm)].map(([, type]) => type),
    wanted,
  );
});

test('a share that a pool rejects is counted with the one miner of its channel, and with none of several', async (t) => {
  const service = await startService(t);
  const role = startRole(t, service.tcpPort);
  const reject = (channel: number, count: number) => {
    const source = { at: BigInt(Date.now()), downstream_id: channel, channel_id: channel, worker: '' };
    role.send({ name: 'ShareRejected', ...source, count, error_code: 'duplicate-share' });
  };
  for (const event of [
    ...openChannel(1, 'alone'),
    ...openChannel(2, 'farm'),
    share(1, { worker: 'attic', k: 40 }),
    share(2, { worker: 'a', k: 40 }),
    share(2, { worker: 'b', k: 40 }),
  ])
    role.send(event);
  reject(1, 2);
  reject(2, 5);
  const rejects = async () =>
    new Map(
      (await get<Miners>(service, '/api/miners?hours=1')).miners.map((each) => [each.name, each.rejected]),
    );
  await until(
    'all rejects to be written',
    async () => (await get<Rejected>(service, '/api/shares/rejected')).rejected === 7,
  );
  await until('the miners to have theirs', async () => (await rejects()).get('alone.attic') === 2);
  assert.equal((await rejects()).get('farm.a'), 0);
  assert.equal((await rejects()).get('farm.b'), 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePortBase } from '../../../harness/free-ports.ts';
import { openChannel, share, startRole, startService, statsOf, until } from './scene.ts';

test('what a role tells while its service is away arrives when it is there, once', async (t) => {
  const tcpPort = await freePortBase(1);
  const role = startRole(t, tcpPort);
  for (const event of [...openChannel(1, 'alice'), share(1), share(1, { count: 2 })]) role.send(event);
  const first = await startService(t, { tcpPort });
  await until('the shares', async () => (await statsOf(first)).shares.accepted === '3');
  assert.equal((await statsOf(first)).workers, 1);
  await first.close();
  role.send(share(1, { count: 4 }));
  const { place } = first;
  const second = await startService(t, { tcpPort, place });
  await until('the shares of the gap', async () => (await statsOf(second)).shares.accepted === '7');
  const { shares, lost_events, workers } = await statsOf(second);
  assert.equal(shares.work, String(7n << 32n));
  assert.equal(lost_events.count, '0');
  assert.equal(workers, 1, 'what was open is told again');
});

test('what a service took and did not write before it crashed is sent again', async (t) => {
  const tcpPort = await freePortBase(1);
  let isFull = true;
  const first = await startService(t, { tcpPort, pauseBytes: () => (isFull ? Number.MAX_SAFE_INTEGER : 0) });
  const role = startRole(t, tcpPort);
  for (const event of [...openChannel(1, 'alice'), share(1, { count: 5 })]) role.send(event);
  await until('the shares', async () => (await statsOf(first)).shares.accepted === '5');
  await first.close();
  isFull = false;
  const second = await startService(t, { tcpPort, place: first.place });
  await until('the shares again', async () => (await statsOf(second)).shares.accepted === '5');
  assert.equal((await statsOf(second)).lost_events.count, '0');
});

test('what does not fit is counted, the oldest first', async (t) => {
  const tcpPort = await freePortBase(1);
  const role = startRole(t, tcpPort, { bufferEvents: 100 });
  for (const event of openChannel(1, 'alice')) role.send(event);
  for (let i = 0; i < 150; i++) role.send(share(1));
  const service = await startService(t, { tcpPort });
  await until('the shares', async () => Number((await statsOf(service)).shares.accepted) > 0);
  const { shares, lost_events, workers } = await statsOf(service);
  assert.ok(Number(shares.accepted) <= 100);
  // Reports of the role's health are among the events.
  assert.ok(Number(lost_events.count) >= 150 + 2 - 100, lost_events.count);
  assert.equal(workers, 1, 'the channel is known though its opening was dropped');
});

test('an event that can not be written down is lost by itself, and counts as one', async (t) => {
  const service = await startService(t);
  const role = startRole(t, service.tcpPort);
  for (const event of openChannel(1, 'alice')) role.send(event);
  role.send(share(1, { k: 256 }));
  role.send(share(1, { count: 2 }));
  await until('the other', async () => (await statsOf(service)).shares.accepted === '2');
  assert.equal((await statsOf(service)).lost_events.count, '1');
});

test('a role without a service in its config does nothing', async (t) => {
  const { openStatsClient } = await import('../../../../services/stats/client/client.ts');
  let asked = 0;
  const client = openStatsClient({
    role: 'pool',
    config: { buffer_events: 100 },
    health: () => {
      asked++;
      return { status: '' };
    },
    log: (await import('./scene.ts')).silent,
  });
  t.after(() => client.close());
  client.send(share(1));
  assert.equal(asked, 0);
});

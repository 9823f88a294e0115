import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type OpenStats, STATS_VERSION, statsProtocol } from '../../../../protocols/stats/messages.ts';
import { listenStats } from '../../../../services/stats/listener.ts';
import { Sources } from '../../../../services/stats/live/sources.ts';
import { hungUp } from '../../../harness/hung-up.ts';
import { share, silent, until } from './scene.ts';

async function scene(t: TestContext) {
  const taken: string[] = [];
  const closed: string[] = [];
  const listener = await listenStats({
    host: '127.0.0.1',
    port: 0,
    roles: ['pool'],
    sources: new Sources([]),
    log: silent,
    limits: { messagesPerWindow: 50, clients: 3 },
    board: {
      opened: (open) => ({
        role: open.role,
        instance: '',
        connected: true,
        since: 0,
        startedAt: 0,
        software: '',
        health: undefined,
        cpu: undefined,
        lost: 0n,
        links: new Map(),
      }),
      closed: (report) => void closed.push(report.role),
      take: (_, message) => void taken.push(message.name),
    },
  });
  t.after(() => listener.close());
  const client = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: listener.port });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  return { listener, taken, closed, client };
}

const opening = (change: Partial<OpenStats> = {}): Uint8Array =>
  statsProtocol.encode({
    name: 'OpenStats',
    version: STATS_VERSION,
    role: 'pool',
    instance: new Uint8Array(16),
    started_at: 0n,
    software: 'test',
    ...change,
  });

test('events are taken after the opening, however they are cut', async (t) => {
  const { taken, client } = await scene(t);
  const socket = await client();
  const bytes = Buffer.concat([opening(), statsProtocol.encode(share(1)), statsProtocol.encode(share(2))]);
  for (const byte of bytes) socket.write(Uint8Array.of(byte));
  await until('both', () => taken.length === 2);
});

test('rubbish, floods and strangers are closed and counted', async (t) => {
  const { listener, client, closed } = await scene(t);
  const rubbish = await client();
  rubbish.write('GET / HTTP/1.1\r\n\r\n');
  await hungUp(rubbish);
  assert.equal(listener.refused.rubbish, 1);

  const hasty = await client();
  hasty.write(statsProtocol.encode(share(1)));
  await hungUp(hasty);
  assert.equal(listener.refused.rubbish, 2);

  for (const change of [{ version: STATS_VERSION + 1 }, { role: 'wallet' }]) {
    const stranger = await client();
    stranger.write(opening(change));
    await hungUp(stranger);
  }
  assert.equal(listener.refused.unknown, 2);

  const flood = await client();
  flood.write(opening());
  for (let i = 0; i < 200; i++) flood.write(statsProtocol.encode(share(1)));
  await hungUp(flood);
  assert.equal(listener.refused.flood, 1);
  assert.deepEqual(closed, ['pool']);
});

test('the newer connection of a role takes the place of the older', async (t) => {
  const { client, closed, taken } = await scene(t);
  const [first, second] = [await client(), await client()];
  first.write(opening());
  await until('the first', async () => first.bytesRead > 0);
  second.write(opening());
  await hungUp(first);
  assert.deepEqual(closed, ['pool']);
  second.write(statsProtocol.encode(share(1)));
  await until('its event', () => taken.length === 1);
});

import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type MiningMessage, miningProtocol } from '../../../protocols/sv2/mining.ts';
import { interceptSv2, type Onward, type Passing, proxyTcp } from '../../harness/interceptor.ts';
import { keys, loopback, type MiningConnection, nextMessage, within, workers } from './loopback.ts';

after(() => workers.close());

const target = (channel_id: number): MiningMessage => ({
  name: 'SetTarget',
  channel_id,
  maximum_target: new Uint8Array(32),
});
const SET_TARGET = 0x21;

/** A client whose connection runs through an interceptor. */
async function intercepted(t: TestContext, pass: (passing: Passing) => Onward | Promise<Onward>) {
  const { client, server, host, port } = await loopback(t);
  const interceptor = await interceptSv2({ upstream: { host, port }, keys, workers, pass });
  t.after(() => interceptor.close());
  const here = await client({ port: interceptor.address.port });
  return { here, there: await server(), interceptor, client, server };
}

/** The channel ids of the next SetTarget messages. */
async function ids(connection: MiningConnection, count: number): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < count) {
    const message = await within(2000, `message ${seen.length + 1}`, nextMessage(connection));
    if (message.name === 'SetTarget') seen.push(message.channel_id);
  }
  return seen;
}

test('passes all on when told so, and shows it in the clear', async (t) => {
  const seen: string[] = [];
  const { here, there } = await intercepted(t, ({ direction, header, frame }) => {
    seen.push(`${direction} ${header.type}`);
    return [frame];
  });
  here.send(target(1));
  assert.deepEqual(await ids(there, 1), [1]);
  there.send(target(2));
  assert.deepEqual(await ids(here, 1), [2]);
  assert.deepEqual(seen, ['to-server 0', 'to-client 1', 'to-server 33', 'to-client 33']);
  assert.notDeepEqual(here.handshakeHash, there.handshakeHash);
});

test('drops, replaces, doubles and reorders frames', async (t) => {
  let kept: Uint8Array | undefined;
  const { here, there } = await intercepted(t, ({ header, frame }) => {
    if (header.type !== SET_TARGET) return [frame];
    const message = miningProtocol.decode(frame).message;
    assert.ok(message.name === 'SetTarget');
    switch (message.channel_id) {
      case 1:
        return [];
      case 2:
        return [miningProtocol.encode(target(20))];
      case 3:
        return [frame, frame];
      case 4:
        kept = frame;
        return [];
      default:
        return kept === undefined ? [frame] : [frame, kept];
    }
  });
  for (let i = 1; i <= 5; i++) here.send(target(i));
  assert.deepEqual(await ids(there, 5), [20, 3, 3, 5, 4]);
});

test('delays frames and keeps their order', async (t) => {
  const { here, there } = await intercepted(t, async ({ header, frame }) => {
    if (header.type === SET_TARGET) await new Promise((resolve) => setTimeout(resolve, 10));
    return [frame];
  });
  const start = performance.now();
  for (let i = 1; i <= 5; i++) here.send(target(i));
  assert.deepEqual(await ids(there, 5), [1, 2, 3, 4, 5]);
  assert.ok(performance.now() - start >= 45);
});

test('says what nobody said, and cuts both sides', async (t) => {
  const { here, there, interceptor, client, server } = await intercepted(t, ({ frame }) => [frame]);
  interceptor.inject('to-client', miningProtocol.encode(target(7)));
  interceptor.inject('to-server', miningProtocol.encode(target(8)));
  assert.deepEqual([await ids(here, 1), await ids(there, 1)], [[7], [8]]);
  for (const end of [here, there]) end.onMessage = () => undefined;
  interceptor.cut();
  await within(2000, 'both ends', Promise.all([here.closed, there.closed]));
  await client({ port: interceptor.address.port });
  assert.equal((await server()).isOpen, true);
});

test('a plain proxy delays, drops, refuses and cuts', async (t) => {
  const { client, server, host, port } = await loopback(t);
  const proxy = await proxyTcp({ host, port });
  t.after(() => proxy.close());
  const here = await client({ port: proxy.address.port });
  const there = await server();
  proxy.delayMs = 20;
  const start = performance.now();
  here.send(target(1));
  assert.deepEqual(await ids(there, 1), [1]);
  assert.ok(performance.now() - start >= 18);
  proxy.dropping.add('to-server');
  here.send(target(2));
  there.onMessage = () => assert.fail('dropped');
  await new Promise((resolve) => setTimeout(resolve, 60));
  proxy.cut();
  here.onMessage = () => undefined;
  await within(2000, 'both ends', Promise.all([here.closed, there.closed]));
  proxy.refusing = true;
  await assert.rejects(client({ port: proxy.address.port }), { code: 'sv2-closed' });
  assert.equal(proxy.connections, 0);
});

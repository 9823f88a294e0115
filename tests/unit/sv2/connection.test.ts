import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { after, mock, test } from 'node:test';
import { utf8 } from '../../../protocols/bytes.ts';
import type { MiningMessage } from '../../../protocols/sv2/mining.ts';
import type { Tlv } from '../../../protocols/sv2/tlv.ts';
import { loopback, nextMessage, within, workers } from './loopback.ts';
import { setupFrame } from './setup-message.ts';

after(() => workers.close());

const FLOOD = 8000;

const target = (channel_id: number): MiningMessage => ({
  name: 'SetTarget',
  channel_id,
  maximum_target: new Uint8Array(32).fill(channel_id & 0xff),
});
const share: MiningMessage = {
  name: 'SubmitSharesExtended',
  channel_id: 1,
  sequence_number: 2,
  job_id: 3,
  nonce: 4,
  ntime: 5,
  version: 6,
  extranonce: new Uint8Array(8),
};
const worker: Tlv = { extension: 2, field: 1, value: utf8('rig1') };

test('both ends agree on what was set up, and hear each other', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client({ setup: { protocol: 0, flags: 4, vendor: 'test', firmware: '1' } });
  const there = await server();
  assert.deepEqual(here.handshakeHash, there.handshakeHash);
  assert.deepEqual(here.setup, there.setup);
  assert.equal(there.setup.vendor, 'test');
  assert.equal(there.setup.flags, 4);
  assert.deepEqual(here.accepted, { name: 'SetupConnection.Success', used_version: 2, flags: 0 });
  here.send(share);
  assert.deepEqual(await nextMessage(there), share);
  there.send(target(1));
  assert.deepEqual(await nextMessage(here), target(1));
});

test('TLVs are delivered once their extension is agreed on, and ignored before', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const there = await server();
  const received: (readonly Tlv[])[] = [];
  const twice = new Promise<void>((resolve) => {
    there.onMessage = (_, tlvs) => {
      received.push(tlvs);
      there.extensions.add(2);
      if (received.length === 2) resolve();
    };
  });
  here.send(share, [worker]);
  here.send(share, [worker]);
  await twice;
  assert.deepEqual(received, [[], [worker]]);
});

test('nothing is lost while nobody listens, and messages given back come first', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const there = await server();
  const count = 3000;
  for (let i = 1; i <= count; i++) there.send(target(i));
  const first = await nextMessage(here);
  assert.deepEqual(first, target(1));
  here.unread(first, []);
  const seen: number[] = [];
  await new Promise<void>((resolve) => {
    const listen = (message: MiningMessage) => {
      assert.ok(message.name === 'SetTarget');
      seen.push(message.channel_id);
      if (seen.length === count) resolve();
      if (seen.length % 500 !== 0) return;
      here.onMessage = undefined;
      setImmediate(() => {
        here.onMessage = listen;
      });
    };
    here.onMessage = listen;
  });
  assert.deepEqual(
    seen,
    Array.from({ length: count }, (_, i) => i + 1),
  );
});

test('all that is sent in a tick leaves in one write, and is handled as one batch', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const there = await server();
  let messages = 0;
  const batches: number[] = [];
  const done = new Promise<void>((resolve) => {
    there.onMessage = () => {
      messages++;
    };
    there.onDrained = () => {
      batches.push(messages);
      if (messages === 100) resolve();
    };
  });
  const write = mock.method(Socket.prototype, 'write');
  for (let i = 0; i < 100; i++) here.send(share);
  await done;
  assert.equal(write.mock.callCount(), 1);
  write.mock.restore();
  assert.deepEqual(batches, [100]);
});

test('what was sent before close arrives, and both ends are told', async (t) => {
  const { client, server } = await loopback(t);
  const here = await client();
  const there = await server();
  const message = nextMessage(there);
  here.send(target(9));
  here.close('had enough');
  here.send(target(10));
  assert.deepEqual(await message, target(9));
  assert.deepEqual(await here.closed, { code: 'sv2-closed', reason: 'had enough' });
  there.onMessage = () => assert.fail('nothing is sent after close');
  assert.deepEqual(await within(2000, 'end', there.closed), {
    code: 'sv2-closed',
    reason: 'the peer closed the connection',
  });
  assert.equal(here.isOpen || there.isOpen, false);
});

test('a handler that throws ends its own connection, with the reason', async (t) => {
  const { client, server } = await loopback(t);
  const [first, second] = [await client(), await client()];
  const [firstThere, secondThere] = [await server(), await server()];
  firstThere.onMessage = () => {
    throw new Error('no such channel');
  };
  const answered = nextMessage(secondThere);
  first.send(share);
  const { code, reason } = await firstThere.closed;
  assert.equal(code, 'internal');
  assert.match(reason, /no such channel/);
  second.send(share);
  assert.deepEqual(await answered, share);
  first.onMessage = () => assert.fail('nothing was sent');
  await first.closed;
});

test('a slow reader is cut off, and its neighbour is not', async (t) => {
  const { client, server } = await loopback(t, { limits: { queuedBytes: 100_000 } });
  const slow = await client();
  const slowThere = await server();
  const quick = await client();
  const quickThere = await server();
  const job: MiningMessage = {
    name: 'NewExtendedMiningJob',
    channel_id: 1,
    job_id: 1,
    min_ntime: null,
    version: 1,
    version_rolling_allowed: true,
    merkle_path: [],
    coinbase_tx_prefix: new Uint8Array(30_000),
    coinbase_tx_suffix: new Uint8Array(30_000),
  };
  let received = 0;
  quick.onMessage = () => received++;
  let sent = 0;
  while (slowThere.isOpen) {
    slowThere.send(job);
    if (sent % 10 === 0) quickThere.send(job);
    sent++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { code, reason } = await slowThere.closed;
  assert.equal(code, 'sv2-slow-reader');
  assert.match(reason, /at most 100000 may/);
  quickThere.send(target(1));
  while (received < Math.ceil(sent / 10) + 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(quickThere.isOpen, true);
  slow.close();
});

test('who sends without pause does not keep the others waiting', async (t) => {
  const { client, server } = await loopback(t);
  const flood = await client();
  const floodThere = await server();
  const modest = await client();
  const modestThere = await server();
  let handled = 0;
  const all = new Promise<void>((resolve) => {
    floodThere.onMessage = () => {
      handled++;
      if (handled === FLOOD) resolve();
    };
  });
  for (let i = 0; i < FLOOD; i++) flood.send(target(1));
  modest.send(target(2));
  assert.deepEqual(await nextMessage(modestThere), target(2));
  assert.ok(handled < FLOOD / 4, `${handled} of ${FLOOD} messages came first`);
  await all;
  flood.close();
  modest.close();
});

test('an unknown message is ignored', async (t) => {
  const { link, server, log } = await loopback(t);
  const { link: raw } = await link();
  raw.handler = { frame: () => undefined };
  raw.send(setupFrame());
  const there = await server();
  const message = nextMessage(there);
  raw.send(Uint8Array.of(0x48, 0x45, 0x01, 0, 0, 0));
  raw.send(Uint8Array.of(0, 0, 0xff, 1, 0, 0, 0));
  raw.send(Uint8Array.of(0, 0, 0x18, 5, 0, 0, 1, 0, 0, 0, 0));
  assert.deepEqual(await message, { name: 'CloseChannel', channel_id: 1, reason_code: '' });
  assert.equal(log.lines.filter((line) => line.startsWith('ignored an unknown message')).length, 2);
});

test('closing leaves nothing behind', async (t) => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const { client, server, listener } = await loopback(t);
  const clients = await Promise.all([client(), client(), client()]);
  for (let i = 0; i < 3; i++) (await server()).onMessage = () => undefined;
  for (const here of clients) here.onMessage = () => undefined;
  clients[0]?.close();
  await listener.close();
  await Promise.all(clients.map((here) => here.closed));
  await new Promise((resolve) => setImmediate(resolve));
  const left = process.getActiveResourcesInfo();
  assert.equal(left.filter((kind) => kind === 'Timeout').length, before);
  assert.equal(left.includes('TCPSocketWrap') || left.includes('TCPServerWrap'), false);
  assert.equal(listener.connections, 0);
});

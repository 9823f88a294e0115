import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { concatBytes } from '../../../protocols/bytes.ts';
import { setupProtocol } from '../../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../../protocols/sv2/mining.ts';
import type { NoiseLink } from '../../../runtime/sv2/link.ts';
import { hungUp } from '../../harness/hung-up.ts';
import { keys, loopback, nextMessage, otherKey, within, workers } from './loopback.ts';
import { setupFrame } from './setup-message.ts';

after(() => workers.close());

const SOON = 10_000;
const close: MiningMessage = { name: 'CloseChannel', channel_id: 1, reason_code: '' };

/** The frames a link receives until it is closed. */
async function framesUntilClosed(link: NoiseLink): Promise<string[]> {
  const names: string[] = [];
  link.handler = {
    frame: ({ header, payload }) => names.push(setupProtocol.decodePayload(header, payload).message.name),
  };
  await within(SOON, 'hanging up', link.closed);
  return names;
}

test('a client that says nothing, or half a handshake, is hung up on; others are served meanwhile', async (t) => {
  const { client, server, socket, log } = await loopback(t, { limits: { handshakeMs: 1000 } });
  const silent = await socket();
  const half = await socket();
  half.write(new Uint8Array(63));
  const here = await client();
  here.send(close);
  assert.deepEqual(await nextMessage(await server()), close);
  await within(SOON, 'hanging up', Promise.all([hungUp(silent), hungUp(half)]));
  assert.equal(log.lines.filter((line) => line.includes('no Noise handshake within 1 s')).length >= 2, true);
  assert.equal(here.isOpen, true);
});

test('a handshake that trickles in byte by byte is no reason to wait longer', async (t) => {
  const { socket } = await loopback(t, { limits: { handshakeMs: 150 } });
  const slow = await socket();
  const trickle = setInterval(() => slow.write(Uint8Array.of(1)), 20);
  t.after(() => clearInterval(trickle));
  await within(SOON, 'hanging up', hungUp(slow));
});

test('a client that shakes hands and says no more is hung up on', async (t) => {
  const { link, log } = await loopback(t, { limits: { setupMs: 100 } });
  const { link: silent } = await link();
  assert.deepEqual(await framesUntilClosed(silent), []);
  assert.match(log.lines.join('\n'), /no SetupConnection within 0\.1 s/);
});

for (const [what, frame, reason] of [
  ['another message', miningProtocol.encode(close), /0x18 is none of the setup protocol/],
  [
    'an answer',
    setupProtocol.encode({ name: 'SetupConnection.Success', used_version: 2, flags: 0 }),
    /before SetupConnection/,
  ],
  ['a truncated SetupConnection', Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 2), /SetupConnection\.min_version/],
] as const) {
  test(`${what} in place of SetupConnection ends the connection`, async (t) => {
    const { link, log } = await loopback(t);
    const { link: wrong } = await link();
    wrong.send(frame);
    assert.deepEqual(await framesUntilClosed(wrong), []);
    assert.match(log.lines.join('\n'), reason);
  });
}

for (const [change, code] of [
  [{ protocol: 1 }, 'unsupported-protocol'],
  [{ min_version: 3, max_version: 3 }, 'protocol-version-mismatch'],
  [{ min_version: 1, max_version: 1 }, 'protocol-version-mismatch'],
  [{ flags: 0x80000001 }, 'unsupported-feature-flags'],
] as const) {
  test(`${code} is answered, whatever follows is dropped, and nobody else notices`, async (t) => {
    const { client, server, link } = await loopback(t);
    const here = await client();
    const there = await server();
    const { link: refused, socket } = await link();
    const answers: unknown[] = [];
    refused.handler = {
      frame: ({ header, payload }) => answers.push(setupProtocol.decodePayload(header, payload).message),
    };
    refused.send(setupFrame(change));
    for (let i = 0; i < 50; i++) refused.send(miningProtocol.encode(close));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(new Uint8Array(100_000).fill(0xff));
    await within(SOON, 'hanging up', refused.closed);
    const flags = code === 'unsupported-feature-flags' ? 0x80000000 : 0;
    assert.deepEqual(answers, [{ name: 'SetupConnection.Error', flags, error_code: code }]);
    here.send(close);
    assert.deepEqual(await nextMessage(there), close);
  });
}

for (const [what, bytes, code] of [
  ['garbage', new Uint8Array(64).fill(0xaa), 'sv2-bad-mac'],
  ['a frame over the cap', undefined, 'sv2-frame-too-large'],
] as const) {
  test(`${what} after the setup ends that connection, with the reason`, async (t) => {
    const { client, server, link } = await loopback(t, { frameCap: 1000 });
    const here = await client();
    const there = await server();
    const { link: bad, socket } = await link();
    bad.handler = { frame: () => undefined };
    bad.send(setupFrame());
    const badThere = await server();
    badThere.onMessage = () => assert.fail('there is no whole message');
    if (bytes === undefined)
      bad.send(concatBytes(Uint8Array.of(0, 0, 0x18, 0xe9, 3, 0), new Uint8Array(1001)));
    else socket.write(bytes);
    assert.equal((await within(SOON, 'end', badThere.closed)).code, code);
    await bad.closed;
    here.send(close);
    assert.deepEqual(await nextMessage(there), close);
  });
}

test('messages that break their own rules end the connection by message and field', async (t) => {
  const { server, link } = await loopback(t);
  const share = miningProtocol.encode({
    name: 'SubmitSharesExtended',
    channel_id: 1,
    sequence_number: 2,
    job_id: 3,
    nonce: 4,
    ntime: 5,
    version: 6,
    extranonce: new Uint8Array(8),
  });
  const cases = [
    [share.subarray(0, -1).with(3, 32), 'sv2-truncated', /SubmitSharesExtended\.extranonce/],
    [concatBytes(share, Uint8Array.of(1, 2, 3)).with(3, 36), 'sv2-bad-tlv', /3 bytes after the message/],
  ] as const;
  for (const [frame, code, reason] of cases) {
    const { link: bad } = await link();
    bad.handler = { frame: () => undefined };
    bad.send(setupFrame());
    const there = await server();
    there.extensions.add(2);
    there.onMessage = () => assert.fail('the message is broken');
    bad.send(frame);
    const closed = await within(SOON, 'end', there.closed);
    assert.equal(closed.code, code);
    assert.match(closed.reason, reason);
  }
});

test('connections are capped in all and per address, and places are free again', async (t) => {
  for (const limits of [{ connections: 2 }, { connectionsPerAddress: 2 }]) {
    const { client, listener, log } = await loopback(t, { limits });
    const first = await client();
    await client();
    await assert.rejects(client(), { code: 'sv2-closed' });
    await assert.rejects(client(), { code: 'sv2-closed' });
    assert.equal(log.lines.filter((line) => line.startsWith('turned a connection away')).length, 1);
    assert.equal(listener.connections, 2);
    first.close();
    await first.closed;
    await within(
      SOON,
      'a free place',
      (async () => {
        while (listener.connections > 1) await new Promise((resolve) => setImmediate(resolve));
      })(),
    );
    assert.equal((await client()).isOpen, true);
  }
});

test('half-open handshakes count, and do not hold up the next one', async (t) => {
  const { client, socket, listener } = await loopback(t);
  const half = await Promise.all(Array.from({ length: 50 }, () => socket()));
  for (const one of half) one.write(new Uint8Array(10));
  const here = await client();
  assert.equal(here.isOpen, true);
  assert.equal(listener.connections, 51);
});

test('a client that leaves while its handshake is computed leaves nothing behind', async (t) => {
  const { socket, listener } = await loopback(t);
  for (let i = 0; i < 20; i++) {
    const gone = await socket();
    gone.write(new Uint8Array(64).fill(i));
    gone.destroy();
  }
  await within(
    SOON,
    'all gone',
    (async () => {
      while (listener.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    })(),
  );
  await within(SOON, 'closing', listener.close());
});

test('a handshake and a setup that come a byte at a time serve as well', async (t) => {
  const { client, host, port } = await loopback(t);
  const { connect } = await import('node:net');
  const sockets: Socket[] = [];
  const dribble = createServer({ noDelay: true }, (from) => {
    const to = connect({ host, port, noDelay: true });
    sockets.push(from, to);
    for (const [source, sink] of [
      [from, to],
      [to, from],
    ] as const) {
      source.on('error', () => sink.destroy());
      source.on('close', () => sink.destroy());
      let turn = Promise.resolve();
      source.on('data', (bytes) => {
        turn = turn.then(async () => {
          for (const byte of bytes) {
            sink.write(Uint8Array.of(byte));
            await new Promise((resolve) => setImmediate(resolve));
          }
        });
      });
    }
  });
  dribble.listen(0, '127.0.0.1');
  await once(dribble, 'listening');
  t.after(() => {
    dribble.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = dribble.address();
  assert.ok(typeof address === 'object' && address !== null);
  const here = await client({ port: address.port });
  assert.equal(here.accepted.used_version, 2);
});

test('certificates are renewed: a listener serves long after its first one has expired', async (t) => {
  let now = 1_800_000_000;
  const { client } = await loopback(t, { certificateSeconds: 20, now: () => now });
  for (const seconds of [0, 1, 30, 100_000]) {
    now += seconds;
    assert.equal((await client({ now: () => now })).isOpen, true);
  }
  await assert.rejects(client({ now: () => now + 31 }), { code: 'sv2-certificate-expired' });
  assert.equal((await client({ now: () => now - 3600 })).isOpen, true);
});

test('a listener that cannot work says so at once', async (t) => {
  const { port } = await loopback(t);
  await assert.rejects(loopback(t, { port }), { code: 'cannot-listen', message: /EADDRINUSE/ });
  await assert.rejects(loopback(t, { keys: { ...keys, publicKey: otherKey } }), {
    code: 'bad-authority-key',
    message: /does not belong to authority_public_key/,
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { setupProtocol } from '../../../protocols/sv2/common.ts';
import { respondOn } from '../../../runtime/sv2/handshake.ts';
import { wallClock } from '../../../runtime/sv2/limits.ts';
import { NoiseLink } from '../../../runtime/sv2/link.ts';
import { FRAME_CAP, keys, loopback, noiseCipher, otherKey, within, workers } from './loopback.ts';

after(() => workers.close());

/** A server that does with each connection what the test wants. */
async function rawServer(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function shakeHands(socket: Socket): Promise<NoiseLink> {
  const terms = { authoritySecret: keys.secretKey, seconds: 60 };
  const handshake = await respondOn(socket, workers, terms, wallClock());
  const common = { frameCap: FRAME_CAP, queuedBytes: FRAME_CAP, cipher: noiseCipher };
  return new NoiseLink({ ...common, socket, role: 'responder', handshake });
}

test('each failure has its own words, with the server in front', async (t) => {
  const { client, port } = await loopback(t);
  const now = wallClock();
  for (const [change, code, words] of [
    [{ authorityKey: otherKey }, 'sv2-wrong-authority', /not signed by 9/],
    [{ now: () => now - 4000 }, 'sv2-certificate-not-yet-valid', /clock/],
    [{ now: () => now + 4000 }, 'sv2-certificate-expired', /clock/],
    [{ setup: { protocol: 2 } }, 'sv2-refused', /"unsupported-protocol"/],
    [{ setup: { protocol: 0, flags: 0x10 } }, 'sv2-refused', /feature flags 0x10/],
    [{ port: 1 }, 'sv2-unreachable', /ECONNREFUSED/],
    [{ host: 'no-such-host.invalid' }, 'sv2-unreachable', /cannot connect/],
  ] as const) {
    await assert.rejects(client(change), (error: Error & { code: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, words);
      assert.match(error.message, new RegExp(`^(127.0.0.1|no-such-host.invalid):(${port}|1): `));
      return true;
    });
  }
});

test('without an authority key whoever answers is believed', async (t) => {
  const { client } = await loopback(t);
  assert.equal((await client({ authorityKey: undefined, now: () => 0 })).isOpen, true);
});

test('a server that accepts and is silent is given up on, before and after the handshake', async (t) => {
  const { client } = await loopback(t);
  const limits = { handshakeMs: 100, setupMs: 100 };
  const silent = await rawServer(t, () => undefined);
  await assert.rejects(within(10_000, 'giving up', client({ port: silent, limits })), {
    code: 'sv2-timeout',
    message: /no Noise handshake within 0\.1 s/,
  });
  const mute = await rawServer(t, (socket) => void shakeHands(socket));
  await assert.rejects(within(10_000, 'giving up', client({ port: mute, limits: { setupMs: 100 } })), {
    code: 'sv2-timeout',
    message: /no answer to SetupConnection within 0\.1 s/,
  });
});

test('a server that speaks something else, hangs up or changes act 2 is told apart', async (t) => {
  const { client } = await loopback(t);
  const plain = await rawServer(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await assert.rejects(client({ port: plain }), { code: 'sv2-closed', message: /before act 2/ });
  const garbage = await rawServer(t, (socket) => void socket.write(new Uint8Array(300).fill(3)));
  await assert.rejects(client({ port: garbage }), { code: 'sv2-handshake-failed' });
  const gone = await rawServer(t, (socket) => socket.destroy());
  await assert.rejects(client({ port: gone }), { code: 'sv2-closed' });
});

test('an answer that is none to SetupConnection ends the connection', async (t) => {
  const { client } = await loopback(t);
  const answering = (frame: Uint8Array) =>
    rawServer(t, (socket) => void shakeHands(socket).then((link) => link.send(frame)));
  const reconnect = setupProtocol.encode({ name: 'Reconnect', new_host: '', new_port: 0 });
  await assert.rejects(client({ port: await answering(reconnect) }), {
    code: 'sv2-unexpected-message',
    message: /Reconnect in answer to SetupConnection/,
  });
  const version3 = setupProtocol.encode({ name: 'SetupConnection.Success', used_version: 3, flags: 0 });
  await assert.rejects(client({ port: await answering(version3) }), {
    code: 'sv2-unexpected-message',
    message: /version 3/,
  });
});

test("a server that echoes the client's flags in Success is put up with", async (t) => {
  const { client } = await loopback(t, { accept: ({ flags }) => ({ used_version: 2, flags }) });
  const here = await client({ setup: { protocol: 0, flags: 5 } });
  assert.equal(here.accepted.flags, 5);
});

test('an abort ends connecting at any point', async (t) => {
  const { client } = await loopback(t);
  const silent = await rawServer(t, () => undefined);
  const controller = new AbortController();
  const connecting = client({ port: silent, signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(within(2000, 'abort', connecting), { code: 'sv2-aborted' });
  await assert.rejects(client({ signal: controller.signal }), { code: 'sv2-aborted' });
});

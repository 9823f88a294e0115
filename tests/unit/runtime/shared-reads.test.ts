import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { withSharedReads } from '../../../runtime/shared-reads.ts';

/** A server, and the sockets that it was given to use. */
async function listening(t: TestContext): Promise<{ server: Server; accepted: Socket[]; port: number }> {
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    const shared = withSharedReads(socket);
    shared.on('error', () => undefined);
    accepted.push(shared);
    server.emit('shared', shared);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  return { server, accepted, port: (server.address() as AddressInfo).port };
}

async function connected(server: Server, port: number): Promise<{ client: Socket; socket: Socket }> {
  const shared = once(server, 'shared');
  const client = connect({ port, host: '127.0.0.1', noDelay: true });
  const [socket] = (await shared) as [Socket];
  return { client, socket };
}

test('each socket is given its own bytes, out of memory that all share', async (t) => {
  const { server, port } = await listening(t);
  const pairs = [await connected(server, port), await connected(server, port)];
  const memories = new Set<ArrayBufferLike>();
  const texts = await Promise.all(
    pairs.map(async ({ client, socket }, each) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        memories.add(chunk.buffer);
        text += chunk.toString();
      });
      const ended = once(socket, 'end');
      for (let line = 0; line < 50; line++) {
        client.write(`${each}:${line};`);
        await new Promise(setImmediate);
      }
      client.end();
      await ended;
      return text;
    }),
  );
  const whole = (each: number) => Array.from({ length: 50 }, (_, line) => `${each}:${line};`).join('');
  assert.deepEqual(texts, [whole(0), whole(1)]);
  assert.equal(memories.size, 1);
});

test('what is more than fits one read comes whole, and answers go back', async (t) => {
  const { server, port } = await listening(t);
  const { client, socket } = await connected(server, port);
  assert.equal(socket.remotePort, client.localPort);
  socket.on('data', (chunk: Buffer) => socket.write(Buffer.from(chunk)));
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
  client.write(sent);
  const parts: Buffer[] = [];
  for (let length = 0; length < sent.length; ) {
    const [part] = (await once(client, 'data')) as [Buffer];
    parts.push(part);
    length += part.length;
  }
  assert.ok(Buffer.concat(parts).equals(sent));
  client.destroy();
});

test('a peer that hangs up and one that resets are gone, and then the server can close', async (t) => {
  const { server, port } = await listening(t);
  const [polite, rude] = [await connected(server, port), await connected(server, port)];
  const ends: string[] = [];
  const closed = once(server, 'close').then(() => ends.push('server'));
  server.close();
  polite.socket.on('end', () => ends.push('polite'));
  polite.socket.resume();
  rude.socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
  polite.client.end();
  await once(polite.socket, 'close');
  rude.client.resetAndDestroy();
  await closed;
  assert.deepEqual(ends, ['polite', 'ECONNRESET', 'server']);
});

test('a socket without a handle to take stays what it is', () => {
  const connecting = connect({ port: 9, host: '127.0.0.1', lookup: () => undefined });
  connecting.on('error', () => undefined);
  Reflect.set(connecting, '_handle', null);
  assert.equal(withSharedReads(connecting), connecting);
  connecting.destroy();
});

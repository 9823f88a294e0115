import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { concatBytes } from '../../protocols/bytes.ts';
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  MAX_PAYLOAD_BYTES,
  writeFrameHeader,
} from '../../protocols/sv2/frame.ts';
import type { Frame } from '../../protocols/sv2/noise/transport.ts';
import { threadCipher } from '../../runtime/cipher.ts';
import { initiateOn, respondOn } from '../../runtime/sv2/handshake.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { wallClock } from '../../runtime/sv2/limits.ts';
import { NoiseLink } from '../../runtime/sv2/link.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type Direction = 'to-server' | 'to-client';

/** A frame on its way through, in the clear. */
export interface Passing {
  readonly direction: Direction;
  readonly header: FrameHeader;
  /** Header and payload, as Protocol.decode takes it and Protocol.encode makes it. */
  readonly frame: Uint8Array;
}

/** The frames that go on in place of the one that came: itself, others, several, or none. */
export type Onward = readonly Uint8Array[];

export interface Interceptor {
  /** Where clients connect instead. */
  readonly address: Address;
  /** Connections open on both sides. */
  readonly connections: number;
  /** Sends a frame that nobody sent, on every connection. */
  inject(direction: Direction, frame: Uint8Array): void;
  /** Cuts every connection, both sides at once, and goes on listening. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * Sits between a Stratum V2 client and its server, with a Noise connection to either, and lets a test change what
 * they say. It can do so only because it is given the server's own authority key.
 * @param options.keys the authority that the client trusts; the server's, if the client is not to notice
 * @param options.pass decides on each frame, one after the other in each direction: while it is awaited, the later
 *   frames of that direction wait. To reorder, keep a frame and return it together with a later one
 */
export async function interceptSv2(options: {
  upstream: Address;
  keys: { publicKey: Uint8Array; secretKey: Uint8Array };
  workers: HandshakeWorkers;
  pass(passing: Passing): Onward | Promise<Onward>;
}): Promise<Interceptor> {
  const { upstream, keys, workers } = options;
  const cipher = await threadCipher();
  const pairs = new Set<Record<Direction, NoiseLink>>();
  const sockets = new Set<Socket>();

  async function intercept(client: Socket): Promise<void> {
    const server = connect({ ...upstream, noDelay: true });
    for (const socket of [client, server]) keep(sockets, socket);
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    const terms = { authoritySecret: keys.secretKey, seconds: 3600 };
    const [fromClient, fromServer] = await Promise.all([
      respondOn(client, workers, terms, wallClock()),
      initiateOn(server, workers, keys.publicKey, wallClock()),
    ]);
    const common = { cipher, frameCap: MAX_PAYLOAD_BYTES, queuedBytes: 8 * MAX_PAYLOAD_BYTES };
    const clientLink = new NoiseLink({ ...common, socket: client, role: 'responder', handshake: fromClient });
    const serverLink = new NoiseLink({ ...common, socket: server, role: 'initiator', handshake: fromServer });
    const pair = { 'to-client': clientLink, 'to-server': serverLink };
    pairs.add(pair);
    void clientLink.closed.then(() => pairs.delete(pair));
    pipe(clientLink, serverLink, 'to-server');
    pipe(serverLink, clientLink, 'to-client');
  }

  function pipe(from: NoiseLink, to: NoiseLink, direction: Direction): void {
    let turn = Promise.resolve();
    from.handler = {
      frame(received) {
        const passing = { direction, header: received.header, frame: whole(received) };
        turn = turn.then(async () => {
          const onward = await options.pass(passing);
          for (const frame of onward) to.send(frame);
        });
        turn.catch((error) => from.fail(error));
      },
    };
  }

  const server = await listening((client) => {
    // A handshake that fails ends the pair; client and server see a closed connection, as with any bad network.
    intercept(client).catch((error) => client.destroy(error));
  });
  return {
    address: addressOf(server),
    get connections() {
      return pairs.size;
    },
    inject(direction, frame) {
      for (const pair of pairs) pair[direction].send(frame);
    },
    cut: () => destroyAll(sockets),
    close: () => closeAll(server, sockets),
  };
}

export interface TcpProxy {
  readonly address: Address;
  readonly connections: number;
  /** Milliseconds by which bytes are held up, in order. */
  delayMs: number;
  /** Directions whose bytes vanish while the connection stays up. */
  readonly dropping: Set<Direction>;
  /** While true, new connections are closed at once. */
  refusing: boolean;
  cut(): void;
  close(): Promise<void>;
}

/** A network between two sides, to be made worse: it passes bytes on, or late, or not, or cuts them off. */
export async function proxyTcp(upstream: Address): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = await listening((client) => {
    if (proxy.refusing) {
      client.destroy();
      return;
    }
    const remote = connect({ ...upstream, noDelay: true });
    for (const socket of [client, remote]) keep(sockets, socket);
    forward(client, remote, 'to-server');
    forward(remote, client, 'to-client');
  });

  function forward(from: Socket, to: Socket, direction: Direction): void {
    from.on('data', (bytes) => {
      if (proxy.dropping.has(direction)) return;
      if (proxy.delayMs === 0) to.write(bytes);
      else setTimeout(() => to.destroyed || to.write(bytes), proxy.delayMs);
    });
    from.once('close', () => to.destroy());
  }

  const proxy: TcpProxy = {
    address: addressOf(server),
    get connections() {
      return sockets.size / 2;
    },
    delayMs: 0,
    dropping: new Set(),
    refusing: false,
    cut: () => destroyAll(sockets),
    close: () => closeAll(server, sockets),
  };
  return proxy;
}

function whole({ header, payload }: Frame): Uint8Array {
  const frame = concatBytes(new Uint8Array(FRAME_HEADER_BYTES), payload);
  writeFrameHeader(frame, header);
  return frame;
}

async function listening(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function addressOf(server: Server): Address {
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  // Broken connections are this harness's trade; what matters is that both sides see them.
  socket.on('error', () => socket.destroy());
}

function destroyAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.destroy();
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  destroyAll(sockets);
  await closed;
}

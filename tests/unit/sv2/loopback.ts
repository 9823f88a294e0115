import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Cipher } from '../../../protocols/crypto/cipher.ts';
import { judgeSetup, MINING_PROTOCOL } from '../../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../../protocols/sv2/mining.ts';
import { threadCipher } from '../../../runtime/cipher.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { type ConnectOptions, connectSv2 } from '../../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../../runtime/sv2/connection.ts';
import { initiateOn } from '../../../runtime/sv2/handshake.ts';
import { openHandshakeWorkers } from '../../../runtime/sv2/handshake-workers.ts';
import { wallClock } from '../../../runtime/sv2/limits.ts';
import { NoiseLink } from '../../../runtime/sv2/link.ts';
import { type ListenOptions, listenSv2 } from '../../../runtime/sv2/listen.ts';
import type { Log } from '../../../runtime/sv2/log.ts';

export type MiningConnection = Sv2Connection<MiningMessage>;

export const FRAME_CAP = 64 * 1024;

const { curve } = await loadCrypto();
const cipher = await threadCipher();
const secretKey = new Uint8Array(32).fill(7);
export const keys = { secretKey, publicKey: curve.xOnly(curve.publicKey(secretKey)) };
export const otherKey = curve.xOnly(curve.publicKey(new Uint8Array(32).fill(8)));
export const noiseCipher: Cipher = cipher;

/** One thread for all tests of a file; it ends with the file. */
export const workers = await openHandshakeWorkers();

/** A log that remembers what it was told. */
export function rememberingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const remember = (first: unknown, second?: unknown) => {
    lines.push(`${typeof second === 'string' ? second : first}`);
  };
  return { lines, debug: remember, info: remember, warn: remember };
}

/** A listener for mining connections, and the ways a test connects to it. */
export async function loopback(t: TestContext, options: Partial<ListenOptions<MiningMessage>> = {}) {
  const log = rememberingLog();
  const accepted: MiningConnection[] = [];
  const waiting: ((connection: MiningConnection) => void)[] = [];
  const listener = await listenSv2({
    host: '127.0.0.1',
    port: 0,
    protocol: miningProtocol,
    keys,
    certificateSeconds: 3600,
    frameCap: FRAME_CAP,
    workers,
    log,
    accept: (setup) => judgeSetup(setup, { protocol: MINING_PROTOCOL, supportedFlags: 7 }),
    onConnection(connection) {
      const waiter = waiting.shift();
      if (waiter === undefined) accepted.push(connection);
      else waiter(connection);
    },
    ...options,
  });
  t.after(() => listener.close());
  const { host, port } = listener.address;

  return {
    listener,
    log,
    host,
    port,
    /** A client whose connection is set up. */
    client: (change: Partial<ConnectOptions<MiningMessage>> = {}): Promise<MiningConnection> =>
      connectSv2({
        host,
        port,
        protocol: miningProtocol,
        authorityKey: keys.publicKey,
        setup: { protocol: MINING_PROTOCOL },
        frameCap: FRAME_CAP,
        workers,
        log,
        ...change,
      }),
    /** The server's side of the next connection not yet asked for. */
    server(): Promise<MiningConnection> {
      const connection = accepted.shift();
      if (connection !== undefined) return Promise.resolve(connection);
      return new Promise((resolve) => waiting.push(resolve));
    },
    /** A client that is only a socket. */
    socket: () => openSocket(t, port),
    /** A client that has shaken hands and says what a test wants. */
    async link(): Promise<{ link: NoiseLink; socket: Socket }> {
      const socket = await openSocket(t, port);
      const handshake = await initiateOn(socket, workers, keys.publicKey, wallClock());
      const common = { frameCap: FRAME_CAP, queuedBytes: 2 ** 30, cipher };
      return { link: new NoiseLink({ ...common, socket, role: 'initiator', handshake }), socket };
    },
  };
}

async function openSocket(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => socket.destroy());
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The next message; the connection reads no further then. */
export function nextMessage(connection: MiningConnection): Promise<MiningMessage> {
  return new Promise((resolve) => {
    connection.onMessage = (message) => {
      connection.onMessage = undefined;
      resolve(message);
    };
  });
}

/** Fails in words instead of waiting for ever. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

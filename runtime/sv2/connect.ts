import { connect, type Socket } from 'node:net';
import type { Cipher } from '../../protocols/crypto/cipher.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { Protocol } from '../../protocols/sv2/codec.ts';
import { threadCipher } from '../cipher.ts';
import { type AnyMessage, messageConnection, type Sv2Connection } from './connection.ts';
import { initiateOn } from './handshake.ts';
import type { HandshakeWorkers } from './handshake-workers.ts';
import { CLIENT_LIMITS, KEEP_ALIVE, type Sv2Limits, wallClock } from './limits.ts';
import { NoiseLink } from './link.ts';
import type { Log } from './log.ts';
import { requestSetup, type SetupRequest } from './setup.ts';
import { asLinkError, deadline } from './socket.ts';

export interface ConnectOptions<M extends AnyMessage> {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol<M>;
  /** The server's authority key, 32 bytes x-only. Undefined: whoever answers is believed. */
  readonly authorityKey: Uint8Array | undefined;
  readonly setup: SetupRequest;
  /** The longest payload taken from the server, in bytes. */
  readonly frameCap: number;
  readonly workers: HandshakeWorkers;
  readonly log: Log;
  readonly limits?: Partial<Pick<Sv2Limits, 'handshakeMs' | 'setupMs' | 'queuedBytes'>>;
  readonly signal?: AbortSignal;
  /** Unix seconds, against which the server's certificate is checked. */
  readonly now?: () => number;
}

/**
 * Connects to a Stratum V2 server: TCP, Noise, SetupConnection.
 * @returns the connection, from which nothing is read until its onMessage is set
 * @throws HashpoolError whose message says which server and what is wrong: `sv2-unreachable`, `sv2-timeout`,
 *   `sv2-closed`, `sv2-handshake-failed`, `sv2-wrong-authority`, `sv2-certificate-expired`,
 *   `sv2-certificate-not-yet-valid`, `sv2-certificate-version`, `sv2-refused`, `sv2-unexpected-message`, `sv2-aborted`
 */
export async function connectSv2<M extends AnyMessage>(
  options: ConnectOptions<M>,
): Promise<Sv2Connection<M>> {
  const { host, port, signal } = options;
  // Before the socket: its events come when they come, and somebody must be listening.
  const cipher = await threadCipher();
  if (signal?.aborted) throw aborted();
  const socket = connect({ host, port, noDelay: true, ...KEEP_ALIVE });
  const abort = () => socket.destroy(aborted());
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await establish(socket, cipher, options);
  } catch (error) {
    socket.destroy();
    const { code, message, cause } = asLinkError(error);
    throw new HashpoolError(code, `${host}:${port}: ${message}`, { cause });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function establish<M extends AnyMessage>(
  socket: Socket,
  cipher: Cipher,
  {
    host,
    port,
    protocol,
    authorityKey,
    setup: request,
    frameCap,
    workers,
    log,
    ...options
  }: ConnectOptions<M>,
): Promise<Sv2Connection<M>> {
  const limits = { ...CLIENT_LIMITS, ...options.limits };
  let cancel = deadline(socket, limits.handshakeMs, 'Noise handshake');
  try {
    await connected(socket);
    const handshake = await initiateOn(socket, workers, authorityKey, (options.now ?? wallClock)());
    cancel();
    cancel = deadline(socket, limits.setupMs, 'answer to SetupConnection');
    const { queuedBytes } = limits;
    const link = new NoiseLink({ socket, role: 'initiator', handshake, cipher, frameCap, queuedBytes });
    const { setup, accepted } = await requestSetup(link, request, host, port);
    const ignored = (text: string) =>
      log.debug({ remote: link.remote }, `ignored an unknown message: ${text}`);
    return messageConnection({ link, protocol, setup, accepted, ignored });
  } finally {
    cancel();
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) =>
      reject(
        cause instanceof HashpoolError
          ? cause
          : new HashpoolError('sv2-unreachable', `cannot connect: ${messageOf(cause)}`, { cause }),
      );
    // The listener stays: whatever comes later is reported by who reads the socket, and must not be unhandled here.
    socket.on('error', failed);
    socket.once('connect', resolve);
  });
}

function aborted(): HashpoolError {
  return new HashpoolError('sv2-aborted', 'connecting was called off');
}

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { type AddressSet, plainAddress } from '../../../runtime/address-set.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { withSharedReads } from '../../../runtime/shared-reads.ts';
import type { Arrival, Arrivals } from './arrivals.ts';
import { readProxyHeader } from './read-proxy-header.ts';
import type { TlsIdentity } from './tls-identity.ts';

/** A miner that vanished without a word is noticed by TCP after about this long. */
const KEEPALIVE_MS = 60_000;
/** How long a TLS handshake may take. */
export const TLS_HANDSHAKE_MS = 10_000;
/** Connections of proxies whose header is not there yet; beyond, they are hung up on. */
export const MAX_AWAITED_HEADERS = 1000;
/** What waits to be accepted: a fleet connects at once after a cut. */
const BACKLOG = 4096;

/** A miner that was let in. */
export interface Guest {
  /** The bytes of its 'data' events hold until their listener returns. */
  readonly socket: Socket;
  /** Address and port, also where it comes through a proxy. */
  readonly remote: string;
  readonly arrival: Arrival;
  /** True where a PROXY protocol header was expected, and came. */
  readonly isProxied: boolean;
}

export interface DoorOptions {
  readonly arrivals: Arrivals;
  /** From these a PROXY protocol header is expected, and believed. */
  readonly proxies: AddressSet;
  readonly welcome: (guest: Guest) => void;
  readonly log: Logger;
  /** Left out, the door is a plain one. */
  readonly tls?: TlsIdentity;
}

/** A port that miners connect to. Its guests' real addresses are counted, before anything but a proxy's header is read. */
export class Door {
  readonly #options: DoorOptions;
  readonly #server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS },
    (accepted) => void this.#receive(accepted),
  );
  readonly #tls: TlsServer | undefined;
  /** Those within a TLS handshake, by the other end of their socket. */
  readonly #handshakes = new Map<string, Guest>();
  #awaitedHeaders = 0;
  #isRefusing = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#tls = options.tls && this.#tlsServer(options.tls);
  }

  /** The port that is bound, where 0 was asked for. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /**
   * @param key of the config that names the port
   * @throws HashpoolError 'cannot-listen' naming address and port
   */
  async listen(host: string, port: number, key: string): Promise<void> {
    try {
      this.#server.listen(port, host, BACKLOG);
      await once(this.#server, 'listening');
    } catch (cause) {
      const message = `cannot listen for miners on ${host}:${port}: ${messageOf(cause)}; free it or change ${key}`;
      throw new HashpoolError('cannot-listen', message, { cause });
    }
    this.#server.on('error', (error) => this.#options.log.warn({ err: error }, 'accepting a miner failed'));
  }

  /** Handshakes are made with another certificate from now on; sessions go on. A plain door has none. */
  renew({ cert, key }: TlsIdentity): void {
    this.#tls?.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  }

  /** Listens no more; resolves when the last guest is gone. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.#handshakes.values()) socket.destroy();
    await closed;
  }

  async #receive(accepted: Socket): Promise<void> {
    const { proxies, log } = this.#options;
    const peer = plainAddress(accepted.remoteAddress ?? '');
    const isProxy = proxies.has(peer);
    // What a header or TLS is taken off is read through Node's streams.
    const socket = isProxy || this.#tls ? accepted : withSharedReads(accepted);
    socket.on('error', (error) => log.debug({ miner: peer, err: error }, 'a socket broke'));
    if (!isProxy) {
      this.#admit(socket, peer, socket.remotePort, false);
      return;
    }
    try {
      if (this.#awaitedHeaders >= MAX_AWAITED_HEADERS)
        throw new HashpoolError('busy', `${MAX_AWAITED_HEADERS} connections have sent no header yet`);
      this.#awaitedHeaders++;
      const client = await readProxyHeader(socket).finally(() => this.#awaitedHeaders--);
      this.#admit(socket, client?.address ?? peer, client?.port ?? socket.remotePort, true);
    } catch (error) {
      log.warn({ proxy: peer }, `hung up on a proxy: ${messageOf(error)}`);
      socket.destroy();
    }
  }

  #admit(socket: Socket, address: string, port: number | undefined, isProxied: boolean): void {
    const { arrivals, log, welcome } = this.#options;
    const arrival = arrivals.admit(address);
    if (typeof arrival === 'string') {
      // One line for a spell of refusals: whoever floods the server does not flood the log.
      if (!this.#isRefusing) log.warn({ address }, `a miner was turned away: ${arrival}`);
      this.#isRefusing = true;
      socket.destroy();
      return;
    }
    this.#isRefusing = false;
    socket.once('close', arrival.left);
    const guest = { socket, remote: `${address}:${port}`, arrival, isProxied };
    if (this.#tls === undefined) welcome(guest);
    else this.#shakeHands(guest, this.#tls);
  }

  #shakeHands(guest: Guest, server: TlsServer): void {
    const { socket } = guest;
    const name = nameOf(socket);
    this.#handshakes.set(name, guest);
    socket.once('close', () => this.#handshakes.delete(name));
    server.emit('connection', socket);
  }

  #tlsServer({ cert, key }: TlsIdentity): TlsServer {
    const { log, welcome } = this.#options;
    const options = { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: TLS_HANDSHAKE_MS } as const;
    const server = createTlsServer(options, (socket) => {
      const guest = this.#handshakes.get(nameOf(socket));
      this.#handshakes.delete(nameOf(socket));
      if (guest === undefined) socket.destroy();
      else welcome({ ...guest, socket });
    });
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      log.debug({ miner: socket.remoteAddress, err: error }, 'a TLS handshake failed');
      socket.destroy();
    });
    return server;
  }
}

/** Names a connection to this port. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

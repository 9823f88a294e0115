import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../../../runtime/logs.ts';
import { TokenBuckets } from '../../../runtime/token-buckets.ts';
import { Counts } from '../limits/counts.ts';
import type { Client, Limits } from '../limits/limits.ts';
import type { Subscriptions } from './subscriptions.ts';
import { WalletSocket } from './wallet-socket.ts';

const PATH = '/v1/ws';
/** As many filters as one connection may have fit into one message. */
const MAX_MESSAGE_BYTES = 128 * 1024;
/** WebSockets in all: half of the mint's connections stay free for requests. */
const MAX_SOCKETS = 1_000;
/** Filters of one client's connections, and of all: each is a few hundred bytes for as long as it lasts. */
const MAX_FILTERS_OF_CLIENT = 5_000;
const MAX_FILTERS = 50_000;
/** What a client may say, in bytes; a message or ping costs its length and a little more. */
const MESSAGE_COST = 256;
const MESSAGE_RATE = { perSecond: 32 * 1024, burst: 512 * 1024 };
/** Between two pings; who has not answered one when the next is due is gone. */
const PING_MS = 30_000;

/** When whoever was refused may come back. */
const RETRY_SECONDS = 10;
/** Whom the mint hangs up on has so long to say goodbye. */
const GOODBYE_MS = 1_000;

/** RFC 6455, 7.4.1. */
const Close = { goingAway: 1001, unsupported: 1003, policy: 1008, failure: 1011 } as const;

export interface WalletSocketParts {
  readonly server: Server;
  readonly subscriptions: Subscriptions;
  readonly limits: Limits;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly pingMs?: number;
}

/** NUT-17: serves `/v1/ws` on the mint's own port. */
export class WalletSockets {
  readonly #parts: WalletSocketParts;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    // A flood of pings is to cost its sender something.
    autoPong: false,
  });
  readonly #socketsOfClient: Counts;
  readonly #filtersOfClient = new Counts(MAX_FILTERS_OF_CLIENT);
  readonly #socketsInAll = new Counts(MAX_SOCKETS);
  readonly #filtersInAll = new Counts(MAX_FILTERS);
  readonly #messages: TokenBuckets;
  /** Those that have been heard since the last ping. */
  readonly #alive = new WeakSet<WebSocket>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: WalletSocketParts) {
    this.#parts = parts;
    this.#socketsOfClient = new Counts(parts.limits.websockets);
    this.#messages = new TokenBuckets(MESSAGE_RATE, parts.clock);
    parts.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#timer = setInterval(() => this.#ping(), parts.pingMs ?? PING_MS).unref();
  }

  /** Ends all connections. */
  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.clients) {
      socket.close(Close.goingAway, 'the mint is going down');
      socket.terminate();
    }
    this.#parts.subscriptions.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { limits, log } = this.#parts;
    socket.on('error', (error) => log.debug({ err: error }, 'a WebSocket broke'));
    const client = limits.clientOf(request);
    const refusal = this.#refusal(request.url, client);
    const leave = refusal ? undefined : enterBoth(this.#socketsOfClient, this.#socketsInAll, client, 1);
    if (!leave) {
      refuse(socket, refusal ?? '503 Service Unavailable');
      return;
    }
    socket.once('close', leave);
    this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#serve(opened, client));
  }

  #refusal(url: string | undefined, client: Client): string | undefined {
    if (url?.split('?', 1)[0] !== PATH) return '404 Not Found';
    return this.#parts.limits.request(client, 'reads') > 0 ? '429 Too Many Requests' : undefined;
  }

  #serve(socket: WebSocket, client: Client): void {
    const { subscriptions, log } = this.#parts;
    const wallet = new WalletSocket(socket, subscriptions, {
      filters: (count) => enterBoth(this.#filtersOfClient, this.#filtersInAll, client, count),
    });
    this.#alive.add(socket);
    socket.on('error', (error) => log.debug({ err: error }, 'a wallet broke the WebSocket protocol'));
    socket.on('close', () => wallet.close());
    socket.on('pong', (data) => this.#isHeard(socket, client, data.length));
    socket.on('ping', (data) => {
      if (this.#isHeard(socket, client, data.length)) socket.pong(data);
    });
    socket.on('message', (data, isBinary) => {
      const text = String(data);
      if (!this.#isHeard(socket, client, text.length)) return;
      try {
        if (isBinary) hangUp(socket, Close.unsupported, 'send JSON in text messages');
        else wallet.receive(text);
      } catch (error) {
        log.error({ err: error }, 'a WebSocket message failed');
        hangUp(socket, Close.failure, 'the mint failed');
      }
    });
  }

  /** Counts what came; false where it was too much, and the connection is ended. */
  #isHeard(socket: WebSocket, client: Client, length: number): boolean {
    if (socket.readyState !== socket.OPEN) return false;
    this.#alive.add(socket);
    if (client === undefined || this.#messages.take(client, MESSAGE_COST + length) === 0) return true;
    hangUp(socket, Close.policy, 'too much at once');
    return false;
  }

  #ping(): void {
    for (const socket of this.#sockets.clients) {
      if (this.#alive.delete(socket)) socket.ping();
      else socket.terminate();
    }
  }
}

/** Enters a client's own count and that of all, or neither. */
function enterBoth(own: Counts, all: Counts, client: Client, amount: number): (() => void) | undefined {
  const leaveOwn = own.enter(client, amount);
  if (!leaveOwn) return undefined;
  const leaveAll = all.enter('all', amount);
  if (!leaveAll) {
    leaveOwn();
    return undefined;
  }
  return () => {
    leaveOwn();
    leaveAll();
  };
}

function hangUp(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
}

function refuse(socket: Duplex, status: string): void {
  const headers = `connection: close\r\ncontent-length: 0\r\nretry-after: ${RETRY_SECONDS}`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n`);
}

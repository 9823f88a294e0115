import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ApiContext } from './context.ts';
import { publicEvent, readEvents } from './routes/events.ts';
import { readJob } from './routes/job.ts';
import { readStats } from './routes/stats.ts';
import type { LiveMessage } from './schemas/live.ts';

/** Pages that may listen, by either way. */
export const MAX_LISTENERS = 500;
/** Bytes that may wait for a page that does not read. */
const MAX_QUEUED_BYTES = 256 * 1024;
/** Nobody has anything to say to the feed. */
const MAX_MESSAGE_BYTES = 1024;
const INTERVAL_MS = 2_000;
const PING_MS = 30_000;
const FIRST_EVENTS = 50;

/** Somebody who listens. */
interface Listener {
  send(type: LiveMessage['type'], json: string): void;
  ping(): void;
  end(): void;
}

/** Tells pages what has changed: over `/ws`, or over `/api/live` as server-sent events. */
export class LiveFeed {
  readonly #context: ApiContext;
  readonly #log: Logger;
  readonly #listeners = new Set<Listener>();
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  readonly #last = new Map<string, string>();
  readonly #timers: NodeJS.Timeout[];
  #telling = false;

  constructor(http: FastifyInstance, context: ApiContext, log: Logger) {
    this.#context = context;
    this.#log = log;
    http.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    http.get('/api/live', { schema: { hide: true } }, (request, reply) => {
      if (this.#listeners.size >= MAX_LISTENERS) return reply.code(503).header('retry-after', '30').send();
      reply.hijack();
      // The last one is for nginx: events are to go on as they come.
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      this.#welcome(eventStream(reply.raw), (ended) => request.raw.once('close', ended));
      return reply;
    });
    context.events.listen((event) => this.#tell({ type: 'event', data: publicEvent(context, event) }));
    this.#timers = [
      setInterval(() => void this.#look(), INTERVAL_MS),
      setInterval(() => {
        for (const listener of this.#listeners) listener.ping();
      }, PING_MS),
    ];
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const listener of this.#listeners) listener.end();
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/ws' || this.#listeners.size >= MAX_LISTENERS || isForeign(request)) {
      socket.end(`HTTP/1.1 ${pathname === '/ws' ? '503 Service Unavailable' : '404 Not Found'}\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', (error) => this.#log.debug({ err: error }, 'a live feed broke'));
      this.#welcome(webSocketListener(webSocket), (ended) => webSocket.once('close', ended));
    });
  }

  #welcome(listener: Listener, onEnd: (ended: () => void) => void): void {
    onEnd(() => this.#listeners.delete(listener));
    this.#snapshot()
      .then((messages) => {
        for (const message of messages) listener.send(message.type, JSON.stringify(message));
        this.#listeners.add(listener);
      })
      .catch((error: unknown) => {
        this.#log.warn({ err: error }, `a live feed could not begin: ${messageOf(error)}`);
        listener.end();
      });
  }

  async #snapshot(): Promise<LiveMessage[]> {
    const events = await readEvents(this.#context, 1, FIRST_EVENTS);
    return [...(await this.#present()), { type: 'events', data: events }];
  }

  async #present(): Promise<LiveMessage[]> {
    const { health } = this.#context;
    return [
      { type: 'stats', data: await readStats(this.#context) },
      { type: 'health', data: health.now },
      { type: 'job', data: readJob(this.#context) },
    ];
  }

  /** Tells what has changed; nothing is looked at while nobody listens. */
  async #look(): Promise<void> {
    if (this.#telling || this.#listeners.size === 0) return;
    this.#telling = true;
    try {
      for (const message of await this.#present()) {
        const { as_of: _, ...rest } = message.data as { as_of: number };
        const json = JSON.stringify(rest);
        if (this.#last.get(message.type) === json) continue;
        this.#last.set(message.type, json);
        this.#tell(message);
      }
      this.#tell({ type: 'tick', data: { as_of: this.#context.clock() } });
    } catch (error) {
      this.#log.warn({ err: error }, `the live feed has nothing to tell: ${messageOf(error)}`);
    } finally {
      this.#telling = false;
    }
  }

  #tell(message: LiveMessage): void {
    if (this.#listeners.size === 0) return;
    const json = JSON.stringify(message);
    for (const listener of this.#listeners) listener.send(message.type, json);
  }
}

/** A page of another site must not read along. */
function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host !== host;
}

function webSocketListener(socket: WebSocket): Listener {
  return {
    send(_type, json) {
      if (socket.bufferedAmount > MAX_QUEUED_BYTES) socket.terminate();
      else socket.send(json);
    },
    ping: () => socket.ping(),
    end: () => socket.close(1001),
  };
}

function eventStream(response: import('node:http').ServerResponse): Listener {
  const write = (text: string) => {
    if (response.writableLength > MAX_QUEUED_BYTES) response.destroy();
    else response.write(text);
  };
  return {
    send: (type, json) => write(`event: ${type}\ndata: ${json}\n\n`),
    ping: () => write(': still here\n\n'),
    end: () => response.end(),
  };
}

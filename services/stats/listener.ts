import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { toHex } from '../../protocols/bytes.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { StatsFrames } from '../../protocols/stats/frames.ts';
import {
  type OpenStats,
  STATS_VERSION,
  type StatsMessage,
  statsProtocol,
} from '../../protocols/stats/messages.ts';
import type { Logger } from '../../runtime/logs.ts';
import { DEFAULT_STATS_LIMITS, FLOOD_WINDOW_MS, type StatsLimits } from './listener-limits.ts';
import type { Board } from './live/board.ts';
import type { RoleReport } from './live/reports.ts';
import type { Sources } from './live/sources.ts';

export type Refusal = 'rubbish' | 'flood' | 'unknown';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Roles of this side. */
  readonly roles: readonly string[];
  readonly board: Pick<Board, 'opened' | 'closed' | 'take'>;
  readonly sources: Sources;
  readonly log: Logger;
  readonly limits?: Partial<StatsLimits>;
}

export interface StatsListener {
  readonly port: number;
  /** Clients that were closed, by why. */
  readonly refused: Readonly<Record<Refusal, number>>;
  close(): Promise<void>;
}

/**
 * Takes the events of a side's roles.
 * @throws HashpoolError 'cannot-listen' naming address and port
 */
export async function listenStats(options: ListenerOptions): Promise<StatsListener> {
  const { host, port, log } = options;
  const limits = { ...DEFAULT_STATS_LIMITS, ...options.limits };
  const refused: Record<Refusal, number> = { rubbish: 0, flood: 0, unknown: 0 };
  const clients = new Map<Client, Socket>();
  const server = createServer((socket) => {
    if (clients.size >= limits.clients) {
      refused.flood++;
      socket.destroy();
      return;
    }
    const client = new Client(socket, { ...options, limits, refused, clients });
    clients.set(client, socket);
    socket.once('close', () => {
      clients.delete(client);
      client.end();
    });
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const message = `cannot listen for stats on ${host}:${port}: ${messageOf(cause)}; free it or change [server] tcp_port`;
    throw new HashpoolError('cannot-listen', message, { cause });
  }
  server.on('error', (error) => log.warn({ err: error }, 'accepting a stats client failed'));
  return { port: portOf(server), refused, close: () => closeAll(server, clients) };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function closeAll(server: Server, clients: ReadonlyMap<Client, Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of clients.values()) socket.destroy();
  await closed;
}

interface ClientParts extends ListenerOptions {
  readonly limits: StatsLimits;
  readonly refused: Record<Refusal, number>;
  readonly clients: ReadonlyMap<Client, Socket>;
}

/** One role's connection. */
class Client {
  readonly #socket: Socket;
  readonly #parts: ClientParts;
  readonly #frames = new StatsFrames();
  #report: RoleReport | undefined;
  /** Whether events are numbered now: before are those of things that were open already. */
  #follows = false;
  #window = 0;
  #messages = 0;

  constructor(socket: Socket, parts: ClientParts) {
    this.#socket = socket;
    this.#parts = parts;
    socket.setTimeout(parts.limits.openMs, () => socket.destroy());
    socket.on('error', (error) => parts.log.debug({ err: error }, 'a stats connection broke'));
    socket.on('data', (chunk) => this.#read(chunk));
  }

  end(): void {
    const { board, log } = this.#parts;
    if (!this.#report) return;
    log.info({ from: this.#report.role }, 'a role does not report any more');
    board.closed(this.#report);
    this.#report = undefined;
  }

  /** Hangs up without waiting for the end of what comes. */
  drop(): void {
    this.end();
    this.#socket.destroy();
  }

  get role(): string | undefined {
    return this.#report?.role;
  }

  #read(chunk: Uint8Array): void {
    try {
      for (const message of this.#frames.read(new Uint8Array(chunk))) {
        if (this.#socket.destroyed) return;
        if (this.#isFlood()) {
          this.#refuse('flood', 'more messages than a role can have to send');
          return;
        }
        this.#take(message);
      }
    } catch (error) {
      this.#refuse('rubbish', messageOf(error));
    }
  }

  #take(message: StatsMessage): void {
    const { board, sources } = this.#parts;
    if (!this.#report) this.#open(message);
    else if (message.name === 'EventsFollow') {
      this.#follows = true;
      sources.set(this.#report.role, Number(message.first_seq) - 1);
    } else {
      board.take(this.#report, message);
      const numbers = message.name === 'EventsLost' ? Number(message.count) : 1;
      if (this.#follows) sources.count(this.#report.role, numbers);
    }
  }

  #open(message: StatsMessage): void {
    const { roles, board, clients, limits, sources, log } = this.#parts;
    if (message.name !== 'OpenStats') {
      this.#refuse('rubbish', 'its first message is not OpenStats');
      return;
    }
    const trouble = troubleWith(message, roles);
    if (trouble) {
      this.#send({ name: 'OpenStats.Error', error_code: trouble });
      this.#refuse('unknown', `${trouble}: version ${message.version}, role ${message.role}`);
      return;
    }
    // The newer connection of a role is the living one.
    for (const other of clients.keys()) if (other.role === message.role) other.drop();
    this.#report = board.opened(message);
    this.#socket.setTimeout(limits.silentMs);
    const taken = sources.open(message.role, toHex(message.instance), (seq) => {
      if (!this.#socket.destroyed) this.#send({ name: 'EventsTaken', taken: BigInt(seq) });
    });
    this.#send({ name: 'OpenStats.Success', version: STATS_VERSION, taken: BigInt(taken) });
    log.info({ from: message.role }, 'a role reports');
  }

  #send(message: StatsMessage): void {
    this.#socket.write(statsProtocol.encode(message));
  }

  #isFlood(): boolean {
    const window = Math.floor(performance.now() / FLOOD_WINDOW_MS);
    this.#messages = window === this.#window ? this.#messages + 1 : 1;
    this.#window = window;
    return this.#messages > this.#parts.limits.messagesPerWindow;
  }

  #refuse(why: Refusal, words: string): void {
    this.#parts.refused[why]++;
    this.#parts.log.warn({ why, from: this.role }, `a stats client was closed: ${words}`);
    this.#socket.destroySoon();
  }
}

function troubleWith({ version, role }: OpenStats, roles: readonly string[]): string | undefined {
  if (version !== STATS_VERSION) return 'unsupported-version';
  return roles.includes(role) ? undefined : 'unknown-role';
}

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { refusalInWords } from '../../../protocols/sv1/errors.ts';
import { errorLine } from '../../../protocols/sv1/messages.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { LineReader } from './line-reader.ts';
import { MinerSession, type SessionServices } from './miner-session.ts';
import { minerSocket } from './miner-socket.ts';

const TICK_MS = 1000;

export interface Sv1ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly services: SessionServices;
  readonly log: Logger;
}

export interface Sv1Server {
  /** The port that is bound, where 0 was asked for. */
  readonly port: number;
  /** Connections with an authorized worker. */
  readonly minerCount: number;
  /** The link to the pool is up. */
  linkUp(): void;
  /** Hangs up on all miners; for when the pool stays away and they had better go elsewhere. */
  dismiss(reason: string): void;
  close(): Promise<void>;
}

/**
 * Listens for Stratum V1 miners and gives each its session.
 * @throws HashpoolError 'cannot-listen' naming address and port
 */
export async function listenSv1(options: Sv1ServerOptions): Promise<Sv1Server> {
  const sessions = new Map<MinerSession, (reason: string) => void>();
  const perAddress = new Map<string, number>();
  const server = createServer((socket) => welcome(socket));
  const ticking = setInterval(() => {
    for (const session of sessions.keys()) session.tick();
  }, TICK_MS);

  function welcome(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const count = perAddress.get(address) ?? 0;
    if (sessions.size >= options.maxConnections || count >= options.maxConnectionsPerAddress) {
      options.log.warn(
        { address, count, all: sessions.size },
        'a miner was turned away: too many connections',
      );
      socket.destroy();
      return;
    }
    perAddress.set(address, count + 1);
    serve(socket, () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
  }

  function serve(socket: Socket, gone: () => void): void {
    const end = minerSocket(socket, (reason) =>
      options.log.info({ miner: end.remote }, `hung up on a miner: ${reason}`),
    );
    const session = new MinerSession(options.services, end);
    const reader = new LineReader();
    sessions.set(session, (reason) => end.close(reason));
    socket.on('data', (chunk) => {
      try {
        reader.read(chunk, (line) => session.takeLine(line));
      } catch (error) {
        end.send(errorLine(null, refusalInWords(20, messageOf(error))));
        end.close(messageOf(error));
      }
    });
    socket.on('error', (error) =>
      options.log.debug({ miner: end.remote }, `a miner's connection broke: ${error.message}`),
    );
    socket.once('close', () => {
      sessions.delete(session);
      session.end();
      gone();
    });
  }

  await bind(server, options.host, options.port);
  return {
    port: portOf(server),
    get minerCount() {
      let count = 0;
      for (const session of sessions.keys()) if (session.isAuthorized) count++;
      return count;
    },
    linkUp: () => {
      for (const session of sessions.keys()) session.linkUp();
    },
    dismiss: (reason) => {
      for (const close of sessions.values()) close(reason);
    },
    close: async () => {
      clearInterval(ticking);
      const closed = once(server, 'close');
      server.close();
      for (const close of sessions.values()) close('the translator stops');
      await closed;
    },
  };
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const message = `cannot listen for miners on ${host}:${port}: ${messageOf(cause)}; free the port or change downstream_port`;
    throw new HashpoolError('cannot-listen', message, { cause });
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

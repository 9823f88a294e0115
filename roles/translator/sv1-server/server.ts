import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { refusalInWords } from '../../../protocols/sv1/errors.ts';
import { LineReader } from '../../../protocols/sv1/line-reader.ts';
import { errorLine } from '../../../protocols/sv1/messages.ts';
import { clientAddress } from '../../../runtime/client-address.ts';
import { MinerSession, type SessionServices } from './miner-session.ts';
import { type MinerSocket, minerSocket } from './miner-socket.ts';

const TICK_MS = 1000;
/** With no pool for so long, miners are told. */
export const OUTAGE_TOLD_AFTER_MS = 5000;

export interface Sv1ServerOptions {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly services: SessionServices;
}

/** Listens for Stratum V1 miners and gives each its session. */
export class Sv1Server {
  readonly #options: Sv1ServerOptions;
  readonly #server = createServer((socket) => this.#welcome(socket));
  readonly #sessions = new Map<MinerSession, MinerSocket>();
  readonly #perAddress = new Map<string, number>();
  #ticking: NodeJS.Timeout | undefined;
  #outage: { readonly since: number; isTold: boolean } | undefined;

  constructor(options: Sv1ServerOptions) {
    this.#options = options;
  }

  /** Connections with an authorized worker. */
  get minerCount(): number {
    let count = 0;
    for (const session of this.#sessions.keys()) if (session.isAuthorized) count++;
    return count;
  }

  /** The port that is bound, where 0 was asked for. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @throws HashpoolError 'cannot-listen' naming address and port */
  async listen(host: string, port: number): Promise<this> {
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening');
    } catch (cause) {
      const message = `cannot listen for miners on ${host}:${port}: ${messageOf(cause)}; free it or change downstream_port`;
      throw new HashpoolError('cannot-listen', message, { cause });
    }
    this.#server.on('error', (error) => this.#log.warn({ err: error }, 'accepting a miner failed'));
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    return this;
  }

  /** A pool is well. @param moved true where it is another one than before */
  linkUp(moved = false): void {
    if (this.#outage?.isTold) this.#show('A pool is there again');
    this.#outage = undefined;
    for (const session of this.#sessions.keys()) session.linkUp(moved);
  }

  /** No pool is well. */
  linkDown(): void {
    this.#outage ??= { since: this.#options.services.now(), isTold: false };
  }

  /** Hangs up on all miners and listens no more. */
  async close(): Promise<void> {
    clearInterval(this.#ticking);
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sessions.values()) socket.close('the translator stops');
    await closed;
  }

  #tick(): void {
    for (const session of this.#sessions.keys()) session.tick();
    const outage = this.#outage;
    if (!outage || outage.isTold || this.#options.services.now() - outage.since < OUTAGE_TOLD_AFTER_MS)
      return;
    outage.isTold = true;
    this.#show('No pool answers. Shares are kept and sent when one is back');
  }

  #show(words: string): void {
    for (const session of this.#sessions.keys()) session.show(words);
  }

  get #log() {
    return this.#options.services.log;
  }

  #welcome(socket: Socket): void {
    const address = clientAddress(socket.remoteAddress);
    const count = this.#perAddress.get(address) ?? 0;
    const { maxConnections, maxConnectionsPerAddress } = this.#options;
    if (this.#sessions.size >= maxConnections || count >= maxConnectionsPerAddress) {
      this.#log.warn(
        { address, count, all: this.#sessions.size },
        'a miner was turned away: too many connections',
      );
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, count + 1);
    const session = this.#serve(socket);
    socket.once('close', () => {
      this.#sessions.delete(session);
      session.end();
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
  }

  #serve(socket: Socket): MinerSession {
    const end: MinerSocket = minerSocket(socket, (reason) => {
      this.#log.info({ miner: end.remote }, `hung up on a miner: ${reason}`);
    });
    const session = new MinerSession(this.#options.services, end);
    const reader = new LineReader();
    this.#sessions.set(session, end);
    socket.on('error', (error) =>
      this.#log.debug({ miner: end.remote, err: error }, "a miner's connection broke"),
    );
    socket.on('data', (chunk) => {
      try {
        reader.read(chunk, (line) => session.takeLine(line));
      } catch (error) {
        end.send(errorLine(null, refusalInWords(20, messageOf(error))));
        end.close(messageOf(error));
      }
    });
    return session;
  }
}

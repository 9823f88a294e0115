import { messageOf } from '../../../protocols/errors.ts';
import { hasProxySignature } from '../../../protocols/proxy-header.ts';
import { refusalInWords } from '../../../protocols/sv1/errors.ts';
import { LineReader } from '../../../protocols/sv1/line-reader.ts';
import { errorLine } from '../../../protocols/sv1/messages.ts';
import { AddressSet } from '../../../runtime/address-set.ts';
import { Slices } from '../../../services/mining-client/slices.ts';
import { type ArrivalLimits, Arrivals } from './arrivals.ts';
import { Door, type DoorOptions, type Guest } from './door.ts';
import { MinerSession, type SessionServices } from './miner-session.ts';
import { MinerSocket } from './miner-socket.ts';
import { Seats } from './seats.ts';
import type { TlsIdentity } from './tls-identity.ts';
import type { DifficultySettings } from './wish.ts';

const TICK_MS = 1000;
/** With no pool for so long, miners are told. */
export const OUTAGE_TOLD_AFTER_MS = 5000;

export interface Sv1ServerOptions extends ArrivalLimits {
  /** Addresses and networks of proxies whose PROXY protocol header is believed; none where left out. */
  readonly proxies?: readonly string[];
  readonly services: SessionServices;
}

/** Listens for Stratum V1 miners and gives each its session. */
export class Sv1Server {
  readonly #services: SessionServices;
  readonly #doorOptions: DoorOptions;
  readonly #plain: Door;
  #tls: Door | undefined;
  readonly #others: Door[] = [];
  readonly #sessions = new Map<MinerSession, MinerSocket>();
  readonly #seats: Seats;
  /** A crowd is looked at in slices. */
  readonly #looking = new Slices<MinerSession>();
  #ticking: NodeJS.Timeout | undefined;
  #outage: { readonly since: number; isTold: boolean } | undefined;

  constructor(options: Sv1ServerOptions) {
    const { services, proxies = [] } = options;
    this.#services = services;
    this.#seats = new Seats(services.now);
    this.#doorOptions = {
      arrivals: new Arrivals(options, services.now),
      proxies: new AddressSet(proxies),
      welcome: (guest) => this.#serve(guest),
      log: services.log,
    };
    this.#plain = new Door(this.#doorOptions);
  }

  /** Connections with an authorized worker. */
  get minerCount(): number {
    let count = 0;
    for (const session of this.#sessions.keys()) if (session.isAuthorized) count++;
    return count;
  }

  /** The port that is bound, where 0 was asked for. */
  get port(): number {
    return this.#plain.port;
  }

  /** The same of the TLS port; 0 where there is none. */
  get tlsPort(): number {
    return this.#tls?.port ?? 0;
  }

  /** @throws HashpoolError 'cannot-listen' naming address and port */
  async listen(host: string, port: number): Promise<this> {
    await this.#plain.listen(host, port, 'downstream_port');
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    return this;
  }

  /**
   * Listens on a further port.
   * @param difficulty what is different for the miners that come by it
   * @param tls left out, they speak plainly
   * @throws HashpoolError 'cannot-listen' naming address and port
   */
  async listenAlso(
    host: string,
    port: number,
    difficulty: Partial<DifficultySettings>,
    tls?: TlsIdentity,
  ): Promise<Door> {
    const settings = { ...this.#services.settings, ...difficulty };
    const services = { ...this.#services, settings };
    const welcome = (guest: Guest): void => this.#serve(guest, services);
    const door = new Door({ ...this.#doorOptions, welcome, ...(tls && { tls }) });
    this.#others.push(door);
    await door.listen(host, port, 'downstream_listeners.port');
    return door;
  }

  /** Listens for TLS as well. @throws HashpoolError 'cannot-listen' naming address and port */
  async listenTls(host: string, port: number, tls: TlsIdentity): Promise<void> {
    this.#tls = new Door({ ...this.#doorOptions, tls });
    await this.#tls.listen(host, port, 'downstream_tls.port');
  }

  /** TLS handshakes are made with another certificate from now on; miners that are connected notice nothing. */
  renewTls(identity: TlsIdentity): void {
    for (const door of [this.#tls, ...this.#others]) door?.renew(identity);
  }

  /** A pool is well. @param moved true where it is another one than before */
  linkUp(moved = false): void {
    if (this.#outage?.isTold) this.#show('A pool is there again');
    this.#outage = undefined;
    if (moved) this.#seats.clear();
    for (const session of this.#sessions.keys()) session.linkUp(moved);
  }

  /** No pool is well. */
  linkDown(): void {
    this.#outage ??= { since: this.#services.now(), isTold: false };
  }

  /** Hangs up on all miners and listens no more. */
  async close(): Promise<void> {
    clearInterval(this.#ticking);
    this.#looking.stop();
    const closed = [this.#plain, this.#tls, ...this.#others].map((door) => door?.close());
    for (const socket of this.#sessions.values()) socket.close('the translator stops');
    this.#seats.clear();
    await Promise.all(closed);
  }

  #tick(): void {
    this.#looking.begin(this.#sessions.keys(), (session) => session.tick());
    this.#seats.tick();
    const outage = this.#outage;
    if (!outage || outage.isTold || this.#services.now() - outage.since < OUTAGE_TOLD_AFTER_MS) return;
    outage.isTold = true;
    this.#show('No pool answers. Shares are kept and sent when one is back');
  }

  #show(words: string): void {
    for (const session of this.#sessions.keys()) session.show(words);
  }

  #serve({ socket, remote, arrival, isProxied }: Guest, services = this.#services): void {
    const { log } = services;
    const end = new MinerSocket(socket, remote, (reason) => {
      log.info({ miner: remote }, `hung up on a miner: ${reason}`);
    });
    const session = new MinerSession(services, this.#seats, end);
    const reader = new LineReader();
    this.#sessions.set(session, end);
    socket.on('error', (error) => log.debug({ miner: remote, err: error }, "a miner's connection broke"));
    socket.once('close', () => {
      this.#sessions.delete(session);
      session.end(!end.isClosed);
    });
    const takeLine = (line: string): void => session.takeLine(line);
    let isFirst = true;
    socket.on('data', (chunk) => {
      const excess = arrival.came(chunk.length);
      const refusal = excess ?? (isFirst ? strangerAt(chunk, isProxied) : undefined);
      isFirst = false;
      if (refusal !== undefined) {
        end.close(refusal);
        return;
      }
      try {
        reader.read(chunk, takeLine);
      } catch (error) {
        end.send(errorLine(null, refusalInWords(20, messageOf(error))));
        end.close(messageOf(error));
      }
    });
    // It was paused to take off a header.
    socket.resume();
  }
}

/** What is wrong with who begins like this, in words; undefined where it may be a miner. */
function strangerAt(beginning: Uint8Array, isProxied: boolean): string | undefined {
  if (!isProxied && hasProxySignature(beginning))
    return 'it sent a PROXY protocol header and is not in proxy_protocol_from';
  // RFC 8446, 5.1: a record of type handshake, and the version that all have.
  const isTls = beginning[0] === 22 && beginning[1] === 3;
  return isTls ? 'it speaks TLS, which this port does not: it is meant for the TLS port' : undefined;
}

import { toHex } from '../../../protocols/bytes.ts';
import { ChannelKey, type KeyPool } from './channel-key.ts';
import type { ExtranonceLayout } from './extranonce.ts';
import { type ChannelSettings, MinerChannel, type MinerEnd } from './miner-channel.ts';
import type { MinerSocket } from './miner-socket.ts';
import type { Upstream } from './upstream.ts';

/** How long a miner that vanished can have its channel back: as long as a pool keeps one. */
export const RESUMABLE_MS = 120_000;
/** Channels kept for miners that vanished; of more, the oldest is given up. */
export const MAX_VACANT_SEATS = 2_000;

/** What a seat's channel is made with. */
export interface SeatServices {
  readonly upstream: Upstream;
  readonly settings: ChannelSettings;
  readonly lockKeys: KeyPool;
  /** 16 random bytes. */
  readonly resumeToken: () => Uint8Array;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** What a miner keeps when its connection breaks: the channel, its extranonce and jobs, and the wallet's key for it. */
export class Seat implements MinerEnd {
  /** By which the miner has it back; nobody can guess it. */
  readonly id: string;
  readonly channel: MinerChannel;
  readonly walletKey: ChannelKey;
  /** Whoever sits there; undefined while the seat is vacant. */
  #sitter: MinerEnd | undefined;
  #isOver = false;

  constructor(
    { upstream, settings, lockKeys, resumeToken, now }: SeatServices,
    sitter: MinerEnd,
    socket: Pick<MinerSocket, 'send'>,
  ) {
    this.id = toHex(resumeToken());
    this.#sitter = sitter;
    this.walletKey = new ChannelKey(lockKeys);
    this.channel = new MinerChannel({ upstream, settings, resumeToken, now, end: this });
    this.channel.jobs.socket = socket;
  }

  /** False where its miner has to begin anew. */
  get isResumable(): boolean {
    return !this.#isOver && this.channel.open !== undefined && this.channel.layout !== undefined;
  }

  /** The miner vanished. What it would have been told is told to nobody. */
  vacate(): void {
    this.#sitter = undefined;
    this.channel.jobs.socket = undefined;
  }

  /** @param versionMask what was granted on the new connection */
  take(sitter: MinerEnd, socket: MinerSocket, versionMask: number): void {
    this.#sitter = sitter;
    this.channel.jobs.socket = socket;
    this.channel.jobs.beginAnew(versionMask);
  }

  /** Nobody comes back to it. */
  release(): void {
    this.#isOver = true;
    this.channel.release();
    void this.walletKey.release();
  }

  subscribed(layout: ExtranonceLayout): void {
    this.#sitter?.subscribed(layout);
  }

  refused(words: string): void {
    this.#isOver = true;
    this.#sitter?.refused(words);
  }

  comeAgain(reason: string): void {
    this.#isOver = true;
    this.#sitter?.comeAgain(reason);
  }

  hangUp(reason: string): void {
    this.#isOver = true;
    this.#sitter?.hangUp(reason);
  }
}

/** Whom a seat can be asked back from: the connection that its miner left behind. */
export interface Occupant {
  /** Gives the seat away and hangs up; undefined where it can't be had back. */
  yieldSeat(): Seat | undefined;
}

/** The seats of all miners by their ids, those that were left for a while too. */
export class Seats {
  readonly #now: () => number;
  readonly #occupied = new Map<string, Occupant>();
  /** Oldest first. */
  readonly #vacant = new Map<string, { readonly seat: Seat; readonly since: number }>();

  /** @param now milliseconds; only differences count */
  constructor(now: () => number) {
    this.#now = now;
  }

  get vacant(): number {
    return this.#vacant.size;
  }

  /** Notes who sits there. */
  occupy(seat: Seat, occupant: Occupant): void {
    this.#occupied.set(seat.id, occupant);
  }

  /** Its miner is gone for good. */
  close(seat: Seat): void {
    this.#occupied.delete(seat.id);
    seat.release();
  }

  /** Its miner vanished and may be back. */
  vacate(seat: Seat): void {
    this.#occupied.delete(seat.id);
    seat.vacate();
    this.#vacant.set(seat.id, { seat, since: this.#now() });
    const [oldest] = this.#vacant.values();
    if (this.#vacant.size > MAX_VACANT_SEATS && oldest !== undefined) this.#giveUp(oldest.seat);
  }

  /**
   * The seat of that id, for the miner to go on with. A connection that it left behind half-open is hung up on.
   * @returns undefined where there is none any more
   */
  reclaim(id: string): Seat | undefined {
    const seat = this.#vacant.get(id)?.seat ?? this.#occupied.get(id)?.yieldSeat();
    this.#vacant.delete(id);
    this.#occupied.delete(id);
    if (seat === undefined || seat.isResumable) return seat;
    seat.release();
    return undefined;
  }

  /** To be called about once a second: gives up what waited too long or can't be had back any more. */
  tick(): void {
    const now = this.#now();
    for (const { seat, since } of [...this.#vacant.values()]) {
      if (now - since > RESUMABLE_MS || !seat.isResumable) this.#giveUp(seat);
      else seat.channel.tick();
    }
  }

  /** Gives up all that are vacant: the pool is another one, or the server stops. */
  clear(): void {
    for (const { seat } of [...this.#vacant.values()]) this.#giveUp(seat);
  }

  #giveUp(seat: Seat): void {
    this.#vacant.delete(seat.id);
    seat.release();
  }
}

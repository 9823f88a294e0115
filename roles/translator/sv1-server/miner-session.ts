import { toHex } from '../../../protocols/bytes.ts';
import type { Hash } from '../../../protocols/crypto/hash.ts';
import { messageOf } from '../../../protocols/errors.ts';
import { refusalInWords, Sv1Error, type Sv1Refusal } from '../../../protocols/sv1/errors.ts';
import { type MessageId, parseLine } from '../../../protocols/sv1/line.ts';
import { errorLine, reconnectLine, showMessageLine } from '../../../protocols/sv1/messages.ts';
import { isMinerMethod, PONG } from '../../../protocols/sv1/methods.ts';
import { parsePassword } from '../../../protocols/sv1/password.ts';
import type { SubscribeRequest } from '../../../protocols/sv1/requests.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { KnownDifficulties } from '../known-difficulties.ts';
import type { ExtranonceLayout } from './extranonce.ts';
import { type Callee, methods } from './methods.ts';
import type { ChannelSettings, MinerEnd } from './miner-channel.ts';
import type { MinerSocket } from './miner-socket.ts';
import { type MinerTeller, TELLS_NOBODY } from './miner-teller.ts';
import { LATER, type MinerCall, RequestQueue } from './request-queue.ts';
import { type Occupant, Seat, type SeatServices, type Seats } from './seats.ts';
import type { ShareCounts } from './share-answer.ts';
import { ShareDesk } from './share-desk.ts';
import { DifficultyWishes } from './wishes.ts';
import { authorize, MAX_WORKERS, type Worker } from './workers.ts';

/** A miner that was asked to connect again and did not is hung up on after so long. */
export const COME_AGAIN_MS = 2_000;
/** Lines that are no Stratum V1 after which a connection is closed. */
export const MAX_BAD_LINES = 5;
/** Requests of a connection that is not subscribed and authorized yet: 64 workers and all that may come before. */
export const MAX_EARLY_REQUESTS = 100;

export interface SessionSettings extends ChannelSettings {
  /** Whether a user name that is no key is paid to the translator's wallet. */
  readonly walletTakesUnnamed: boolean;
  readonly subscribeDeadlineMs: number;
}

/** What all sessions share. */
export interface SessionServices extends SeatServices {
  readonly hash: Hash;
  /** Whether 33 bytes are a point of the curve, found out off this thread. */
  readonly isPoint: (key: Uint8Array) => Promise<boolean>;
  readonly settings: SessionSettings;
  /** The difficulties of workers that were here before; left out, nobody is remembered. */
  readonly difficulties?: KnownDifficulties;
  readonly shares: ShareCounts;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Who is told of a new connection's doings, for statistics; nobody where it is left out. */
  readonly teller?: (remote: string) => MinerTeller;
  readonly log: Logger;
}

/** One miner's connection: its requests answered in order, each with its own answer, its shares by the pool. */
export class MinerSession implements Callee, MinerEnd, Occupant {
  readonly #services: SessionServices;
  readonly #seats: Seats;
  readonly #socket: MinerSocket;
  readonly #workers = new Map<string, Worker>();
  readonly #requests: RequestQueue;
  readonly #desk: ShareDesk;
  readonly #teller: MinerTeller;
  readonly #wishes = new DifficultyWishes();
  readonly #startedAt: number;
  #software = '';
  #seat: Seat;
  #hasSeat = true;
  #takesExtranonce = false;
  #versionMask = 0;
  #badLines = 0;
  #earlyRequests = 0;
  #wasRefused = false;
  /** True once `mining.subscribe` was answered with an extranonce. */
  #isSubscribed = false;
  #hangUp: { readonly at: number; readonly reason: string } | undefined;
  #subscribing: ((answer: ExtranonceLayout | Sv1Refusal) => void) | undefined;

  constructor(services: SessionServices, seats: Seats, socket: MinerSocket) {
    const { hash, shares, difficulties, now, wallClock, log } = services;
    this.#services = services;
    this.#seats = seats;
    this.#socket = socket;
    this.#startedAt = now();
    this.#requests = new RequestQueue((call) => this.#dispatch(call), socket, log);
    this.#teller = services.teller?.(socket.remote) ?? TELLS_NOBODY;
    this.#desk = new ShareDesk({
      hash,
      counts: shares,
      ...(difficulties && { difficulties }),
      now,
      wallClock,
      send: (line) => socket.send(line),
      teller: this.#teller,
    });
    this.#seat = new Seat(services, this, socket);
  }

  get isAuthorized(): boolean {
    return this.#workers.size > 0;
  }

  /** True where it can mine: subscribed and authorized. */
  get #isSettled(): boolean {
    return this.isAuthorized && this.#seat.channel.layout !== undefined;
  }

  /** Takes one line from the miner. */
  takeLine(line: string): void {
    try {
      const message = parseLine(line);
      if (message.kind === 'response' || message.method === PONG) return;
      if (!this.#isSettled && ++this.#earlyRequests > MAX_EARLY_REQUESTS) {
        this.#socket.close('too many requests before it was subscribed and authorized');
        return;
      }
      const { method, params } = message;
      this.#requests.take({ id: message.kind === 'request' ? message.id : undefined, method, params });
    } catch (error) {
      this.#badLines++;
      this.#socket.send(errorLine(null, refusalInWords(20, messageOf(error))));
      if (this.#badLines >= MAX_BAD_LINES) this.#socket.close('too many lines that are no Stratum V1');
    }
  }

  /**
   * A pool is well: miners that are subscribed get a channel there.
   * @param moved true where it is another one than before
   */
  linkUp(moved: boolean): void {
    if (!this.#hasSeat) return;
    const { channel } = this.#seat;
    if (moved) channel.move();
    if (moved && this.isAuthorized) this.#tellIfUnpaid();
    if (this.#subscribing !== undefined || channel.layout !== undefined) this.#openChannel();
  }

  /** Words for the miner's owner. */
  show(words: string): void {
    if (this.isAuthorized) this.#socket.send(showMessageLine(words));
  }

  /** To be called about once a second. */
  tick(): void {
    if (!this.#hasSeat) return;
    const now = this.#services.now();
    if (this.#hangUp !== undefined && now >= this.#hangUp.at) this.#socket.close(this.#hangUp.reason);
    this.#desk.answerOverdue();
    if (!this.#isSettled && now - this.#startedAt > this.#services.settings.subscribeDeadlineMs) {
      this.#subscribing?.(refusalInWords(20, 'The pool has no work to give just now'));
      this.#closeAfterAnswers('not subscribed and authorized in time');
      return;
    }
    this.#seat.channel.tick();
  }

  /**
   * The connection is gone.
   * @param vanished true where it was not we who hung up: the miner may come back for its channel
   */
  end(vanished: boolean): void {
    this.#requests.stop();
    this.#teller.gone();
    if (!this.#hasSeat) return;
    this.#hasSeat = false;
    if (vanished && this.#isSettled && this.#seat.isResumable) this.#seats.vacate(this.#seat);
    else this.#seats.close(this.#seat);
  }

  yieldSeat(): Seat | undefined {
    if (!this.#hasSeat || !this.#isSettled) return undefined;
    this.#hasSeat = false;
    this.#socket.close('its miner goes on by another connection');
    return this.#seat;
  }

  // What methods do:

  wish<T>(change: (wishes: DifficultyWishes) => T): T {
    const result = change(this.#wishes);
    this.#seat.channel.wishDifficulty(this.#wishes.wanted);
    return result;
  }

  grantVersionMask(mask: number): void {
    this.#versionMask = mask;
    this.#seat.channel.jobs.grantVersionMask(mask);
  }

  takeExtranonces(): void {
    this.#takesExtranonce = true;
    this.#seat.channel.takeExtranonces();
  }

  introduce(info: Readonly<Record<string, string>>): void {
    this.#services.log.info({ miner: this.#socket.remote, ...info }, 'a miner says what it is');
  }

  async subscribe({ userAgent, sessionId }: SubscribeRequest): Promise<unknown> {
    const { log } = this.#services;
    this.#software = userAgent;
    if (!this.#isSubscribed && sessionId !== undefined) this.#resume(sessionId);
    const known = this.#seat.channel.layout;
    log.debug({ miner: this.#socket.remote, userAgent, resumed: known !== undefined }, 'a miner subscribes');
    if (known !== undefined) return this.#subscription(known);
    const opened = new Promise<ExtranonceLayout | Sv1Refusal>((resolve) => {
      this.#subscribing = resolve;
    });
    this.#openChannel();
    const answer = await opened;
    this.#subscribing = undefined;
    if ('code' in answer) throw new Sv1Error(answer);
    return this.#subscription(answer);
  }

  async authorize({ username, password }: { username: string; password: string }): Promise<true> {
    if (this.#workers.size >= MAX_WORKERS && !this.#workers.has(username)) {
      throw new Sv1Error(
        refusalInWords(24, `At most ${MAX_WORKERS} workers on one connection`, 'unauthorized'),
      );
    }
    const { settings, isPoint } = this.#services;
    const walletKey = settings.walletTakesUnnamed ? () => this.#seat.walletKey.get() : undefined;
    const worker = await authorize(username, walletKey, isPoint).catch((error: unknown) => {
      this.#noteRefused(error);
      throw error;
    });
    const known = this.isAuthorized ? undefined : this.#services.difficulties?.recall(username);
    this.#workers.set(username, worker);
    this.#teller.authorized(username, this.#software);
    if (known !== undefined) this.wish((wishes) => wishes.remember(known));
    const options = parsePassword(password);
    const asks = options.difficulty !== undefined || options.fixedDifficulty !== undefined;
    const words = asks
      ? this.wish((wishes) => wishes.takePassword(options))
      : this.#wishes.takePassword(options);
    // The answer leaves before the first job does.
    setImmediate(() => this.#greet([...(worker.message === undefined ? [] : [worker.message]), ...words]));
    return true;
  }

  submit(id: MessageId | undefined, params: unknown): typeof LATER {
    this.#desk.submit(id, params, this.#seat, this.#workers);
    return LATER;
  }

  // What the channel says:

  subscribed(layout: ExtranonceLayout): void {
    this.#subscribing?.(layout);
  }

  refused(words: string): void {
    this.#services.log.warn({ miner: this.#socket.remote }, words);
    this.#subscribing?.(refusalInWords(20, words));
    this.#closeAfterAnswers(words);
  }

  /**
   * Firmware disagrees about client.reconnect, and some ignores it; all of it connects again when the socket closes. So
   * it is told, and hung up on a little later.
   */
  comeAgain(reason: string): void {
    this.#hangUp = { at: this.#services.now() + COME_AGAIN_MS, reason };
    this.#socket.send(reconnectLine());
  }

  hangUp(reason: string): void {
    this.#socket.close(reason);
  }

  #dispatch({ id, method, params }: MinerCall): unknown {
    if (isMinerMethod(method)) return methods[method](this, params, id);
    throw new Sv1Error(refusalInWords(20, `Unknown method ${method}`));
  }

  /** One line for a connection: whoever tries many names does not flood the log. */
  #noteRefused(error: unknown): void {
    if (this.#wasRefused) return;
    this.#wasRefused = true;
    this.#services.log.info({ miner: this.#socket.remote }, `a worker was refused: ${messageOf(error)}`);
  }

  /** Goes on with the seat of an earlier connection, where it is there still. */
  #resume(sessionId: string): void {
    const former = this.#seats.reclaim(sessionId);
    if (former === undefined) return;
    this.#seats.close(this.#seat);
    this.#seat = former;
    former.take(this, this.#socket, this.#versionMask);
    former.channel.takesExtranonce = this.#takesExtranonce;
    if (this.#wishes.wanted.bits !== undefined) former.channel.wishDifficulty(this.#wishes.wanted);
  }

  #subscription({ extranonce1, extranonce2Size }: ExtranonceLayout): unknown {
    const { id } = this.#seat;
    this.#isSubscribed = true;
    this.#seats.occupy(this.#seat, this);
    setImmediate(() => this.#startJobs());
    return [
      [
        ['mining.set_difficulty', id],
        ['mining.notify', id],
      ],
      toHex(extranonce1),
      extranonce2Size,
    ];
  }

  /** Not before the answers to both requests: with a job alone a miner can do nothing. */
  #startJobs(): void {
    if (this.#isSubscribed && this.isAuthorized && this.#hasSeat) this.#seat.channel.jobs.start();
  }

  #greet(words: readonly string[]): void {
    for (const each of words) this.show(each);
    this.#tellIfUnpaid();
    this.#startJobs();
  }

  #tellIfUnpaid(): void {
    const { isUp, speaksEhash } = this.#services.upstream;
    if (!isUp || speaksEhash) return;
    this.show('This pool does not pay in ehash');
    if (this.#wishes.wanted.isFixed) this.show('This pool sets the difficulty by itself: fd= counts as d=');
  }

  #openChannel(): void {
    if (!this.#services.upstream.isUp) return;
    const { channel, walletKey } = this.#seat;
    walletKey.get().then(
      (key) => channel.request(key),
      (error: unknown) => this.refused(`the wallet gave no key: ${messageOf(error)}`),
    );
  }

  /** What is on its way to be answered, is answered first. */
  #closeAfterAnswers(reason: string): void {
    setImmediate(() => this.#socket.close(reason));
  }
}

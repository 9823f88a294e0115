import { toHex } from '../../../protocols/bytes.ts';
import type { Hash } from '../../../protocols/crypto/hash.ts';
import { messageOf } from '../../../protocols/errors.ts';
import {
  DIFFICULTY_ONE_BITS,
  hashBitsOfDifficulty,
  MAX_DIFFICULTY_BITS,
} from '../../../protocols/sv1/difficulty.ts';
import { refusalInWords, refusals, Sv1Error, type Sv1Refusal } from '../../../protocols/sv1/errors.ts';
import { hexU32 } from '../../../protocols/sv1/fields.ts';
import { type MessageId, parseLine, type Sv1Request } from '../../../protocols/sv1/line.ts';
import { errorLine, reconnectLine, resultLine, showMessageLine } from '../../../protocols/sv1/messages.ts';
import {
  difficultyInPassword,
  parseAuthorize,
  parseConfigure,
  parseSubmit,
  parseSubscribe,
  parseSuggestDifficulty,
} from '../../../protocols/sv1/requests.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ShareOwner } from '../../../services/mining-client/channel.ts';
import type { ShareVerdict } from '../../../services/mining-client/pending-shares.ts';
import { ChannelKey, type KeyPool } from './channel-key.ts';
import type { ExtranonceLayout } from './extranonce.ts';
import { type ChannelSettings, MinerChannel } from './miner-channel.ts';
import type { MinerSocket } from './miner-socket.ts';
import { LATER, RequestQueue } from './request-queue.ts';
import { countShare, refusalOf, refusalOfLoss, type ShareCounts } from './share-answer.ts';
import { checkShare } from './share-check.ts';
import type { Upstream } from './upstream.ts';
import { authorize, MAX_WORKERS, type Worker } from './workers.ts';

/** BIP320: the version bits that miners may roll. */
export const VERSION_ROLLING_MASK = 0x1fffe000;
/** Shares of one connection that may wait for the pool's answer. */
export const MAX_UNANSWERED_SHARES = 256;
/** A pool that pays in no ehash may answer shares by the batch: a miner is not left waiting for longer. */
export const ANSWER_LIMIT_MS = 10_000;
/** A miner that was asked to connect again and did not is hung up on after so long. */
export const COME_AGAIN_MS = 2_000;
/** Lines that are no Stratum V1 after which a connection is closed. */
export const MAX_BAD_LINES = 5;

export interface SessionSettings extends ChannelSettings {
  /** Whether a user name that is no key is paid to the translator's wallet. */
  readonly walletTakesUnnamed: boolean;
  readonly subscribeDeadlineMs: number;
}

/** A share that waits for the pool's answer, and its miner for ours. */
interface WaitingShare {
  readonly id: MessageId;
  readonly since: number;
  /** The answer comes, be it by another link. */
  readonly isSure: boolean;
}

/** What all sessions share. */
export interface SessionServices {
  readonly upstream: Upstream;
  readonly hash: Hash;
  /** Whether 33 bytes are a point of the curve, found out off this thread. */
  readonly isPoint: (key: Uint8Array) => Promise<boolean>;
  readonly lockKeys: KeyPool;
  readonly settings: SessionSettings;
  readonly shares: ShareCounts;
  readonly now: () => number;
  readonly resumeToken: () => Uint8Array;
  readonly log: Logger;
}

/** One miner's connection: its requests answered in order, each with its own answer, its shares by the pool. */
export class MinerSession {
  readonly #services: SessionServices;
  readonly #socket: MinerSocket;
  readonly #channel: MinerChannel;
  readonly #workers = new Map<string, Worker>();
  readonly #requests: RequestQueue;
  readonly #walletKey: ChannelKey;
  readonly #startedAt: number;
  #badLines = 0;
  /** True once `mining.subscribe` was answered with an extranonce. */
  #isSubscribed = false;
  /** Oldest first. */
  readonly #waiting = new Set<WaitingShare>();
  #hangUp: { readonly at: number; readonly reason: string } | undefined;
  #subscribing: ((answer: ExtranonceLayout | Sv1Refusal) => void) | undefined;

  constructor(services: SessionServices, socket: MinerSocket) {
    this.#services = services;
    this.#socket = socket;
    this.#startedAt = services.now();
    this.#walletKey = new ChannelKey(services.lockKeys);
    this.#requests = new RequestQueue((request) => this.#dispatch(request), socket, services.log);
    this.#channel = new MinerChannel({
      upstream: services.upstream,
      settings: services.settings,
      resumeToken: services.resumeToken,
      now: services.now,
      end: {
        tell: (lines) => socket.send(lines),
        subscribed: (layout) => this.#subscribing?.(layout),
        refused: (words) => this.#channelRefused(words),
        comeAgain: (reason) => this.#comeAgain(reason),
        hangUp: (reason) => socket.close(reason),
      },
    });
  }

  get isAuthorized(): boolean {
    return this.#workers.size > 0;
  }

  /** Takes one line from the miner. */
  takeLine(line: string): void {
    try {
      const message = parseLine(line);
      if (message.kind === 'request') this.#requests.take(message);
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
    if (moved) this.#channel.move();
    if (moved && this.isAuthorized) this.#tellIfUnpaid();
    if (this.#subscribing !== undefined || this.#channel.layout !== undefined) this.#openChannel();
  }

  /** Words for the miner's owner. */
  show(words: string): void {
    if (this.isAuthorized) this.#socket.send(showMessageLine(words));
  }

  /** To be called about once a second. */
  tick(): void {
    const now = this.#services.now();
    if (this.#hangUp !== undefined && now >= this.#hangUp.at) this.#socket.close(this.#hangUp.reason);
    this.#answerOverdue(now);
    const age = now - this.#startedAt;
    const isSettled = this.isAuthorized && this.#channel.layout !== undefined;
    if (!isSettled && age > this.#services.settings.subscribeDeadlineMs) {
      this.#subscribing?.(refusalInWords(20, 'The pool has no work to give just now'));
      this.#closeAfterAnswers('not subscribed and authorized in time');
      return;
    }
    this.#channel.tick();
  }

  /** The connection is gone. */
  end(): void {
    this.#requests.stop();
    this.#channel.release();
    void this.#walletKey.release();
  }

  #dispatch({ id, method, params }: Sv1Request): unknown {
    switch (method) {
      case 'mining.submit':
        return this.#submit(id, params);
      case 'mining.configure':
        return this.#configure(params);
      case 'mining.subscribe':
        return this.#subscribe(params);
      case 'mining.authorize':
        return this.#authorize(params);
      case 'mining.suggest_difficulty':
        return this.#suggest(parseSuggestDifficulty(params));
      case 'mining.extranonce.subscribe':
        this.#channel.takesExtranonce = true;
        return true;
      case 'mining.ping':
        return 'pong';
      case 'client.get_version':
        return 'hashpool translator';
      default:
        throw new Sv1Error(refusalInWords(20, `Unknown method ${method}`));
    }
  }

  #configure(params: unknown): Record<string, unknown> {
    const asked = parseConfigure(params);
    const answer: Record<string, unknown> = {};
    if (asked.versionRolling !== undefined) {
      const mask = (asked.versionRolling.mask & VERSION_ROLLING_MASK) >>> 0;
      this.#channel.jobs.grantVersionMask(mask);
      answer['version-rolling'] = mask !== 0;
      answer['version-rolling.mask'] = hexU32(mask);
    }
    if (asked.minimumDifficulty !== undefined) {
      answer['minimum-difficulty'] = this.#promiseMinimum(asked.minimumDifficulty);
    }
    if (asked.subscribeExtranonce) {
      this.#channel.takesExtranonce = true;
      answer['subscribe-extranonce'] = true;
    }
    for (const name of asked.unknown) answer[name] = false;
    return answer;
  }

  /** BIP310's minimum-difficulty, rounded to the harder power of two. @returns whether it can be kept */
  #promiseMinimum(difficulty: number): boolean {
    const easier = hashBitsOfDifficulty(difficulty) ?? MAX_DIFFICULTY_BITS;
    const bits = 2 ** (easier - DIFFICULTY_ONE_BITS) < difficulty ? easier + 1 : easier;
    if (bits > MAX_DIFFICULTY_BITS) return false;
    this.#channel.wishDifficulty(bits);
    return true;
  }

  async #subscribe(params: unknown): Promise<unknown> {
    parseSubscribe(params);
    const known = this.#channel.layout;
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

  #subscription({ extranonce1, extranonce2Size }: ExtranonceLayout): unknown {
    const id = toHex(extranonce1);
    this.#isSubscribed = true;
    setImmediate(() => this.#startJobs());
    return [
      [
        ['mining.set_difficulty', id],
        ['mining.notify', id],
      ],
      id,
      extranonce2Size,
    ];
  }

  /** Not before the answers to both requests: with a job alone a miner can do nothing. */
  #startJobs(): void {
    if (this.#isSubscribed && this.isAuthorized) this.#channel.jobs.start();
  }

  async #authorize(params: unknown): Promise<boolean> {
    const { username, password } = parseAuthorize(params);
    if (this.#workers.size >= MAX_WORKERS && !this.#workers.has(username)) {
      throw new Sv1Error(refusalInWords(24, `At most ${MAX_WORKERS} workers on one connection`));
    }
    const { settings, isPoint } = this.#services;
    const walletKey = settings.walletTakesUnnamed ? () => this.#walletKey.get() : undefined;
    const worker = await authorize(username, walletKey, isPoint);
    this.#workers.set(username, worker);
    const asked = difficultyInPassword(password) ?? 0;
    if (asked > 0) this.#suggest(asked);
    // The answer leaves before the first job does.
    setImmediate(() => this.#greet(worker));
    return true;
  }

  #greet({ message }: Worker): void {
    if (message !== undefined) this.show(message);
    this.#tellIfUnpaid();
    this.#startJobs();
  }

  #tellIfUnpaid(): void {
    const { isUp, speaksEhash } = this.#services.upstream;
    if (isUp && !speaksEhash) this.show('This pool does not pay in ehash');
  }

  /**
   * Firmware disagrees about client.reconnect, and some ignores it; all of it connects again when the socket closes. So
   * it is told, and hung up on a little later.
   */
  #comeAgain(reason: string): void {
    this.#hangUp = { at: this.#services.now() + COME_AGAIN_MS, reason };
    this.#socket.send(reconnectLine());
  }

  #suggest(difficulty: number): true {
    const bits = hashBitsOfDifficulty(difficulty);
    if (bits === undefined) throw new Sv1Error(refusals.badSuggestDifficulty);
    this.#channel.wishDifficulty(bits);
    return true;
  }

  #submit(id: MessageId, params: unknown): typeof LATER {
    const { jobs, layout, open } = this.#channel;
    if (layout === undefined) throw new Sv1Error(refusals.notSubscribed);
    const submit = parseSubmit(params, layout.extranonce2Size);
    const worker = this.#workers.get(submit.username);
    if (worker === undefined) throw new Sv1Error(refusals.unauthorized);
    if (open === undefined) throw new Sv1Error(refusalOfLoss('the link to it is down'));
    const job = jobs.told.get(submit.jobId);
    if (this.#waiting.size >= MAX_UNANSWERED_SHARES)
      throw new Sv1Error(refusalOfLoss('too many shares wait for it'));
    const share = checkShare(this.#services.hash, job, submit, layout.padding, jobs.versionMask);
    const waiting = { id, since: this.#services.now(), isSure: open.isResumable };
    this.#waiting.add(waiting);
    const owner = worker.paysWallet ? this.#walletOwner(worker) : worker.owner;
    void open.submit(share, owner).then((verdict) => this.#answerShare(waiting, verdict));
    return LATER;
  }

  #walletOwner({ owner }: Worker): ShareOwner {
    return { ...owner, lockingKey: this.#walletKey.use() ?? owner.lockingKey };
  }

  /** What the pool said, and only that, makes a share true; it counts also where the miner was answered before. */
  #answerShare(share: WaitingShare, verdict: ShareVerdict): void {
    countShare(this.#services.shares, verdict);
    if (!this.#waiting.delete(share)) return;
    this.#socket.send(
      verdict.kind === 'accepted' ? resultLine(share.id, true) : errorLine(share.id, refusalOf(verdict)),
    );
  }

  /** A miner whose share the pool has not answered in time is told so. */
  #answerOverdue(now: number): void {
    for (const share of this.#waiting) {
      if (now - share.since < ANSWER_LIMIT_MS) return;
      if (share.isSure) continue;
      this.#waiting.delete(share);
      this.#socket.send(errorLine(share.id, refusalOfLoss(`none for ${ANSWER_LIMIT_MS / 1000} s`)));
    }
  }

  #openChannel(): void {
    if (!this.#services.upstream.isUp) return;
    this.#walletKey.get().then(
      (key) => this.#channel.request(key),
      (error: unknown) => this.#channelRefused(`the wallet gave no key: ${messageOf(error)}`),
    );
  }

  #channelRefused(words: string): void {
    this.#services.log.warn({ miner: this.#socket.remote }, words);
    this.#subscribing?.(refusalInWords(20, words));
    this.#closeAfterAnswers(words);
  }

  /** What is on its way to be answered, is answered first. */
  #closeAfterAnswers(reason: string): void {
    setImmediate(() => this.#socket.close(reason));
  }
}

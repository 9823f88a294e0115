import { leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { targetOfDifficulty } from '../../protocols/sv1/difficulty.ts';
import { parseVersionMask } from '../../protocols/sv1/fields.ts';
import { isRecord } from '../../protocols/sv1/line.ts';
import type { NotifyFields } from '../../protocols/sv1/messages.ts';
import {
  type Extranonce,
  parseExtranonce,
  parseNotify,
  parseSetDifficulty,
  parseSubscribeResult,
} from '../../protocols/sv1/server-messages.ts';
import type { Place } from './place.ts';
import { type Answer, type PoolCall, PoolConnection, type PoolConnectionOptions } from './pool-connection.ts';
import type { Profile, Step } from './profiles/profile.ts';
import type { Tally } from './tally.ts';
import { hashesPerShare, submitParams, taskOf, type WorkUnit } from './work.ts';

/** Shares that may wait for the pool's answer; then the machine waits too. */
export const MAX_UNANSWERED = 256;
/** A pool's difficulty before it says one. */
const FIRST_DIFFICULTY = 1;

export interface Account {
  readonly user: string;
  readonly password: string;
  /** The difficulty to ask for, where the firmware asks. */
  readonly difficulty: number | undefined;
  /** host:port of the pool. */
  readonly address: string;
}

export interface SessionOptions extends Omit<PoolConnectionOptions, 'called' | 'line'> {
  readonly profile: Profile;
  readonly account: Account;
  readonly sessionId: string | undefined;
  readonly place: Place;
  readonly tally: Tally;
  /** What the pool said of a share. @param hashLe as sha256d puts it out */
  readonly answered: (hashLe: Uint8Array, answer: Answer) => void;
  /** Words for the machine's owner. */
  readonly told: (words: string) => void;
}

/** One connection of a machine, as its profile would have it: handshake, jobs, shares. */
export class Session {
  readonly connection: PoolConnection;
  /** The pool's id for the subscription, once there is one. */
  sessionId: string | undefined;
  readonly #options: SessionOptions;
  #extranonce: Extranonce | undefined;
  #difficulty = FIRST_DIFFICULTY;
  #versionMask = 0;
  #jobAt = performance.now();
  /** The job that was told last, and whether it ended those before. */
  #newest: NotifyFields | undefined;
  #lingering: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    const { profile, socket, nextId } = options;
    this.#options = options;
    this.sessionId = options.sessionId;
    this.connection = new PoolConnection({
      socket,
      nextId,
      line: profile.line,
      called: (call) => this.#follow(call),
    });
  }

  /** The handshake. @returns what the pool refused, in words; undefined where all is well */
  async greet(): Promise<string | undefined> {
    const { profile } = this.#options;
    const impatience = setTimeout(
      () => this.connection.close('the pool did not answer the handshake'),
      profile.answerPatienceMs,
    );
    try {
      const pending: Promise<string | undefined>[] = [];
      for (const { send, waits } of profile.greeting) {
        const answered = this.#send(send);
        pending.push(answered);
        const refusal = waits ? await firstRefusal(pending) : undefined;
        if (refusal !== undefined || this.connection.isClosed) return refusal;
      }
      return await firstRefusal(pending);
    } finally {
      clearTimeout(impatience);
    }
  }

  /** A share was found. */
  submit(unit: WorkUnit, nonce: number, hashLe: Uint8Array): void {
    const { profile, account, tally, answered } = this.#options;
    if (this.connection.isClosed) return;
    if (!this.#wouldSend(unit, hashLe)) {
      tally.dropped++;
      return;
    }
    tally.sent++;
    const proven = hashesPerShare(unit.task);
    this.connection.request('mining.submit', submitParams(profile, account.user, unit, nonce), (answer) => {
      tally.answered(answer, proven);
      answered(hashLe, answer);
    });
  }

  /** To be called about once a second: keeps the connection alive, or leaves a silent pool. */
  tick(now: number): void {
    const { silence, keepaliveMs } = this.#options.profile;
    if (keepaliveMs !== undefined && now - this.connection.saidAt >= keepaliveMs) void this.#send('suggest');
    if (silence === undefined) return;
    const since = silence.of === 'job' ? this.#jobAt : this.connection.heardAt;
    if (now - since >= silence.ms) this.connection.close(`the pool sent no ${silence.of} for too long`);
  }

  end(): void {
    clearTimeout(this.#lingering);
    this.#options.place.work(undefined);
  }

  #wouldSend({ task }: WorkUnit, hashLe: Uint8Array): boolean {
    const { oldShares, hardensAtOnce } = this.#options.profile;
    const isOld = task.job !== this.#newest;
    if (isOld && (oldShares === 'never' || (oldShares === 'unless-clean' && this.#newest?.cleanJobs)))
      return false;
    return !hardensAtOnce || leBytesToTarget(hashLe) <= targetOfDifficulty(this.#difficulty);
  }

  /** Resolves with the words of a refusal that matters, once the step is answered. */
  #send(step: Step): Promise<string | undefined> {
    const { profile, account } = this.#options;
    const { sessionId } = this;
    switch (step) {
      case 'configure':
        return this.#request('mining.configure', profile.configure ?? [[], {}], (result) =>
          this.#configured(result),
        ).then(() => undefined);
      case 'subscribe':
        return this.#request(
          'mining.subscribe',
          profile.subscribe({ sessionId, address: account.address }),
          (result) => this.#subscribed(result),
        );
      case 'authorize':
        return this.#request('mining.authorize', [account.user, account.password], () => undefined);
      case 'extranonce':
        return this.#request('mining.extranonce.subscribe', [], () => undefined).then(() => undefined);
      case 'suggest':
        if (account.difficulty === undefined) return Promise.resolve(undefined);
        return this.#request('mining.suggest_difficulty', [account.difficulty], () => undefined).then(
          () => undefined,
        );
    }
  }

  #request(
    method: string,
    params: readonly unknown[],
    granted: (result: unknown) => void,
  ): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.connection.request(method, params, (answer) => {
        resolve(answer.kind === 'refused' ? `${method} was refused: ${answer.words}` : undefined);
        if (answer.kind === 'granted') granted(answer.result);
      });
    });
  }

  #configured(result: unknown): void {
    if (!isRecord(result) || result['version-rolling'] !== true) return;
    this.#versionMask = parseVersionMask(result['version-rolling.mask']) ?? 0;
  }

  #subscribed(result: unknown): void {
    this.#extranonce = parseSubscribeResult(result);
    const [subscriptions] = Array.isArray(result) ? result : [];
    const pairs = Array.isArray(subscriptions) ? subscriptions : [];
    const notify = pairs.find((pair) => Array.isArray(pair) && pair[0] === 'mining.notify');
    this.sessionId = typeof notify?.[1] === 'string' ? notify[1] : undefined;
  }

  #follow(call: PoolCall): void {
    const { profile, tally, told } = this.#options;
    const { method, params } = call;
    if (profile.wantsAnswerFirst && this.#extranonce === undefined) {
      this.connection.close(`${method} came before the answer to mining.subscribe`);
      return;
    }
    switch (method) {
      case 'mining.notify':
        this.#notified(parseNotify(params));
        break;
      case 'mining.set_difficulty':
        this.#difficulty = parseSetDifficulty(params);
        break;
      case 'mining.set_extranonce':
        tally.extranoncesSet++;
        if (profile.takesExtranonce) this.#extranonce = parseExtranonce(params);
        break;
      case 'mining.set_version_mask':
        if (profile.configure !== undefined)
          this.#versionMask = Array.isArray(params) ? (parseVersionMask(params[0]) ?? 0) : 0;
        break;
      case 'client.reconnect':
        tally.reconnectsAsked++;
        if (profile.obeysReconnect) this.connection.close('the pool asked to connect again');
        break;
      case 'client.show_message':
        told(String(Array.isArray(params) ? params[0] : params));
        break;
      default:
        this.#reply(call);
    }
  }

  #reply(call: PoolCall): void {
    if (call.kind !== 'request' || !/^(mining\.ping|client\.get_version)$/.test(call.method)) return;
    const line = this.#options.profile.reply(call.method, call.id);
    if (line !== undefined) this.connection.send(line);
  }

  #notified(job: NotifyFields): void {
    if (this.#extranonce === undefined) return;
    const { place, profile } = this.#options;
    const task = taskOf(job, this.#extranonce, this.#difficulty, this.#versionMask);
    const lingers = !job.cleanJobs && this.#newest !== undefined && profile.lingersMs > 0;
    this.#jobAt = performance.now();
    this.#newest = job;
    clearTimeout(this.#lingering);
    if (lingers) this.#lingering = setTimeout(() => place.work(task), profile.lingersMs);
    else place.work(task);
  }
}

async function firstRefusal(answers: readonly Promise<string | undefined>[]): Promise<string | undefined> {
  return (await Promise.all(answers)).find((refusal) => refusal !== undefined);
}

import manifest from '../../../package.json' with { type: 'json' };
import { equalBytes } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import { powerDifficulty, targetOfDifficulty } from '../../../protocols/sv1/difficulty.ts';
import { hexU32, parseVersionMask } from '../../../protocols/sv1/fields.ts';
import { isRecord } from '../../../protocols/sv1/line.ts';
import { type NotifyFields, resultLine } from '../../../protocols/sv1/messages.ts';
import {
  type Extranonce,
  parseExtranonce,
  parseNotify,
  parseSetDifficulty,
  parseSubscribeResult,
} from '../../../protocols/sv1/server-messages.ts';
import type { Log } from '../../../runtime/sv2/log.ts';
import {
  connectSv1,
  inWords,
  type NoteHandler,
  type Sv1Connection,
  type UpstreamAddress,
} from './connection.ts';

const AGENT = `hashpool/${manifest.version}`;
/** An old pool may not answer `mining.configure` at all; it then allows no version rolling. */
const CONFIGURE_PATIENCE_MS = 5_000;
/** Longest session id that is sent back. */
const MAX_SESSION_ID = 128;
/** A difficulty that asks for more zero bits is a mistake or malice: no block has had as many. */
const MAX_SANE_BITS = 128;

/** How this pool is known at an upstream. */
export interface UpstreamAccount extends UpstreamAddress {
  readonly user: string;
  readonly password: string;
  /** The upstream is asked for shares that prove 2^bits hashes; undefined: for nothing. */
  readonly suggestBits: number | undefined;
  /** Bits of the version that the pool would let miners roll. */
  readonly versionMask: number;
}

/** What an upstream may give back: a session of before, with the extranonce that its jobs were mined with. */
export interface FormerSession {
  readonly id: string;
  readonly extranonce: Extranonce;
}

/** Who follows a session. */
export interface SessionEvents {
  /** @param extranonce what the job is mined with @param targetOfShares what its shares must meet, if that was told */
  onJob(fields: NotifyFields, extranonce: Extranonce, targetOfShares: bigint | undefined): void;
  /** Of shares to come. */
  onTarget(target: bigint): void;
  onVersionMask(mask: number): void;
  /** The upstream asks to be connected to again, at its own host. @param port undefined for the same */
  onReconnect(port: number | undefined): void;
}

/** An authorized connection to an upstream. */
export class Sv1Session {
  readonly connection: Sv1Connection;
  readonly #account: UpstreamAccount;
  readonly #log: Log;
  #events: SessionEvents | undefined;
  #extranonce: Extranonce | undefined;
  #id: string | undefined;
  #isResumed = false;
  #target: bigint | undefined;
  #versionMask = 0;
  /** Came before somebody followed, or before the extranonce was known. */
  #firstJob: NotifyFields | undefined;

  private constructor(connection: Sv1Connection, account: UpstreamAccount, log: Log) {
    this.connection = connection;
    this.#account = account;
    this.#log = log;
  }

  /**
   * Connects and introduces the pool.
   * @param former the session to be resumed, if the upstream can
   * @throws HashpoolError 'sv1-unreachable', 'sv1-refused' where it does not let the user in, 'bad-sv1-notify'
   */
  static async open(
    account: UpstreamAccount,
    former: FormerSession | undefined,
    log: Log,
    signal: AbortSignal,
  ): Promise<Sv1Session> {
    let take: NoteHandler = () => undefined;
    const connection = await connectSv1(account, (message) => take(message), signal);
    const session = new Sv1Session(connection, account, log);
    take = (message) => session.#follow(message);
    const stop = (): void => connection.close('stopping');
    signal.addEventListener('abort', stop, { once: true });
    try {
      await session.#greet(former);
      return session;
    } catch (error) {
      connection.close('it is not usable');
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** What the session can be resumed with, where it can. */
  get former(): FormerSession | undefined {
    return this.#id === undefined || this.#extranonce === undefined
      ? undefined
      : { id: this.#id, extranonce: this.#extranonce };
  }

  /** Whether the upstream gave the former session back, so that its jobs may still count. */
  get isResumed(): boolean {
    return this.#isResumed;
  }

  get versionMask(): number {
    return this.#versionMask;
  }

  /** Tells all that comes from now on, and what came already. */
  follow(events: SessionEvents): void {
    this.#events = events;
    if (this.#target !== undefined) events.onTarget(this.#target);
    const job = this.#firstJob;
    this.#firstJob = undefined;
    if (job) this.#tellJob(job);
  }

  async #greet(former: FormerSession | undefined): Promise<void> {
    const { user, password, suggestBits, versionMask } = this.#account;
    if (versionMask !== 0) await this.#configure(versionMask);
    const wanted = former ? [AGENT, former.id] : [AGENT];
    const subscribed = await this.#granted('mining.subscribe', wanted);
    this.#extranonce = parseSubscribeResult(subscribed);
    this.#id = sessionId(subscribed);
    this.#isResumed = former !== undefined && isSame(former.extranonce, this.#extranonce);
    this.connection.tell('mining.extranonce.subscribe', []);
    if (suggestBits !== undefined)
      this.connection.tell('mining.suggest_difficulty', [Number(powerDifficulty(suggestBits))]);
    await this.#granted('mining.authorize', [user, password]);
  }

  async #configure(wanted: number): Promise<void> {
    const options = { 'version-rolling.mask': hexU32(wanted), 'version-rolling.min-bit-count': 2 };
    const answer = this.connection.ask('mining.configure', [['version-rolling'], options]).then((said) => {
      const result = said.kind === 'granted' && isRecord(said.result) ? said.result : {};
      const mask = result['version-rolling'] === true ? parseVersionMask(result['version-rolling.mask']) : 0;
      this.#setVersionMask(mask ?? 0);
    });
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CONFIGURE_PATIENCE_MS);
    await Promise.race([answer, patience]);
    clearTimeout(timer);
  }

  async #granted(method: string, params: readonly unknown[]): Promise<unknown> {
    const answer = await this.connection.request(method, params);
    if (answer.kind === 'granted') return answer.result;
    const verb = answer.kind === 'refused' ? 'was refused' : 'had no answer';
    throw new HashpoolError('sv1-refused', `${method} ${verb}: ${answer.words}`);
  }

  #follow(message: Parameters<NoteHandler>[0]): void {
    const { method, params } = message;
    switch (method) {
      case 'mining.notify':
        this.#tellJob(parseNotify(params));
        break;
      case 'mining.set_difficulty':
        this.#target = saneTarget(parseSetDifficulty(params));
        this.#events?.onTarget(this.#target);
        break;
      case 'mining.set_extranonce':
        this.#extranonce = parseExtranonce(params);
        break;
      case 'mining.set_version_mask':
        this.#setVersionMask(parseVersionMask(first(params)) ?? 0);
        break;
      case 'client.reconnect':
        this.#reconnect(params);
        break;
      case 'client.show_message':
        this.#log.info(
          { upstream: this.#account.host, message: inWords(first(params)) },
          'the upstream says',
        );
        break;
      default:
        this.#answerOther(message);
    }
  }

  #tellJob(fields: NotifyFields): void {
    if (this.#events && this.#extranonce) this.#events.onJob(fields, this.#extranonce, this.#target);
    else this.#firstJob = fields;
  }

  /** Bits that were not asked for are not for us to roll. */
  #setVersionMask(mask: number): void {
    this.#versionMask = (mask & this.#account.versionMask) >>> 0;
    this.#events?.onVersionMask(this.#versionMask);
  }

  #reconnect(params: unknown): void {
    const [host, port]: unknown[] = Array.isArray(params) ? params : [];
    const isOwnHost = host === undefined || host === null || host === '' || host === this.#account.host;
    if (!isOwnHost) {
      const about = { upstream: this.#account.host, to: inWords(host) };
      this.#log.warn(about, 'the upstream asks to be left for another host, which is refused');
      return;
    }
    const number = Number(port);
    const isPort = Number.isInteger(number) && number > 0 && number <= 65_535;
    this.#events?.onReconnect(isPort ? number : undefined);
  }

  #answerOther(message: Parameters<NoteHandler>[0]): void {
    if (message.kind !== 'request') return;
    if (message.method === 'client.get_version') this.connection.write(resultLine(message.id, AGENT));
    if (message.method === 'mining.ping') this.connection.write(resultLine(message.id, 'pong'));
  }
}

function first(params: unknown): unknown {
  return Array.isArray(params) ? params[0] : undefined;
}

function isSame(a: Extranonce, b: Extranonce): boolean {
  return a.extranonce2Size === b.extranonce2Size && equalBytes(a.extranonce1, b.extranonce1);
}

/** The session's id is that of its subscription to jobs, where the upstream gives one. */
function sessionId(subscribed: unknown): string | undefined {
  const subscriptions: unknown = first(subscribed);
  if (!Array.isArray(subscriptions)) return undefined;
  const notify: unknown = subscriptions.find((each: unknown) => first(each) === 'mining.notify');
  const id: unknown = Array.isArray(notify) ? notify[1] : undefined;
  return typeof id === 'string' && id !== '' && id.length <= MAX_SESSION_ID ? id : undefined;
}

/** @throws HashpoolError 'bad-sv1-difficulty' */
function saneTarget(difficulty: number): bigint {
  const target = targetOfDifficulty(difficulty);
  const bits = target === 0n ? Number.POSITIVE_INFINITY : 256 - target.toString(2).length;
  if (bits <= MAX_SANE_BITS) return target;
  throw new HashpoolError('bad-sv1-difficulty', `it set the difficulty ${difficulty}, which no pool would`);
}

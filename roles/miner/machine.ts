import { messageOf } from '../../protocols/errors.ts';
import type { Place } from './place.ts';
import { type Answer, connectToPool } from './pool-connection.ts';
import type { Profile, Wait } from './profiles/profile.ts';
import { type Account, MAX_UNANSWERED, Session } from './session.ts';
import { Tally } from './tally.ts';
import type { WorkUnit } from './work.ts';

/** Why a connection ends that the machine's owner has ended. */
const STOPPED = 'stopped';

/** How a connection went: it was a good one, it ended within the handshake, there was none. */
type Outcome = keyof Profile['reconnectsAfter'];

export interface MachineOptions {
  readonly profile: Profile;
  readonly account: Account;
  /** Hashes per second that it pretends to make. */
  readonly claimedHashrate: number;
  readonly pool: { readonly host: string; readonly port: number };
  readonly signal: AbortSignal;
  /** Milliseconds; ends early when the signal is aborted. */
  readonly pause: (ms: number) => Promise<void>;
  /** 0 to 1. */
  readonly random: () => number;
  readonly answered: (machine: Machine, hashLe: Uint8Array, answer: Answer) => void;
  /** Words of the pool's, or about it, for the log. */
  readonly said: (words: string) => void;
}

/** A simulated mining machine: connects again and again as its firmware would, and submits what it finds. */
export class Machine {
  readonly tally = new Tally();
  readonly #options: MachineOptions;
  #place: Place | undefined;
  #session: Session | undefined;
  #sessionId: string | undefined;
  #isWelcome = false;
  /** True once it has mined. */
  #wasWelcome = false;
  #nextId: number;
  #words = 'connecting';

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#nextId = options.profile.ids.first;
  }

  get profile(): Profile {
    return this.#options.profile;
  }

  get claimedHashrate(): number {
    return this.#options.claimedHashrate;
  }

  /** What it is doing, in words. */
  get words(): string {
    return this.#words;
  }

  /** True while it is connected and its handshake was granted. */
  get isMining(): boolean {
    return this.#isWelcome;
  }

  /** True while it can take more shares. */
  get hasRoom(): boolean {
    return (this.#session?.connection.waiting ?? 0) < MAX_UNANSWERED;
  }

  /** Hashes that it has tried. */
  get hashes(): number {
    return this.#place?.hashes ?? 0;
  }

  /** Mines with a place on the hashing floor; resolves when the signal is aborted. */
  async run(place: Place): Promise<void> {
    const { profile, signal, pause } = this.#options;
    this.#place = place;
    let failures = 0;
    while (!signal.aborted) {
      const outcome = await this.#connect(place).catch((error: unknown) => this.#fail(error));
      if (signal.aborted) return;
      failures = outcome === 'end' ? 0 : failures + 1;
      const rests = profile.givesUp !== undefined && failures >= profile.givesUp.failures;
      await pause(rests ? (profile.givesUp?.restMs ?? 0) : this.#wait(profile.reconnectsAfter[outcome]));
    }
  }

  submit(unit: WorkUnit, nonce: number, hashLe: Uint8Array): void {
    this.#session?.submit(unit, nonce, hashLe);
  }

  /** To be called about once a second. */
  tick(now: number): void {
    this.#session?.tick(now);
  }

  /** One connection, from its beginning to its end. */
  async #connect(place: Place): Promise<Outcome> {
    const { profile, account, pool, signal, answered, said } = this.#options;
    const socket = await connectToPool(pool.host, pool.port);
    this.tally.connections++;
    if (!profile.ids.runOn) this.#nextId = profile.ids.first;
    const session = new Session({
      socket,
      profile,
      account,
      place,
      tally: this.tally,
      sessionId: this.#sessionId,
      nextId: () => this.#nextId++,
      answered: (hashLe, answer) => answered(this, hashLe, answer),
      told: (words) => said(`the pool says: ${words}`),
    });
    this.#session = session;
    const stop = (): void => session.connection.close(STOPPED);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await this.#serve(session);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#isWelcome = false;
      this.#sessionId = session.sessionId;
      this.#session = undefined;
      session.end();
    }
  }

  async #serve(session: Session): Promise<Outcome> {
    const { profile, account, said } = this.#options;
    const refusal = await session.greet();
    if (refusal !== undefined) {
      this.tally.refused(refusal);
      this.#words = `not mining: ${refusal}`;
      said(this.#words);
      if (profile.leavesWhenRefused) session.connection.close(refusal);
    } else if (!session.connection.isClosed) {
      this.#isWelcome = true;
      if (this.#wasWelcome) this.tally.reconnects++;
      this.#wasWelcome = true;
      this.#words = `mining at ${account.address}`;
    }
    const isWelcome = this.#isWelcome;
    const reason = await session.connection.closed;
    this.#isWelcome = false;
    if (isWelcome && reason !== STOPPED) this.tally.ended(reason);
    else if (refusal === undefined && reason !== STOPPED) this.tally.refused(reason);
    if (refusal === undefined) this.#words = `not mining: ${reason}`;
    if (reason !== STOPPED && refusal === undefined) said(this.#words);
    return isWelcome ? 'end' : 'unwelcome';
  }

  #fail(error: unknown): Outcome {
    this.tally.unreachable++;
    this.#words = `not mining: ${messageOf(error)}`;
    this.#options.said(this.#words);
    return 'failure';
  }

  #wait([from, to]: Wait): number {
    return from + (to - from) * this.#options.random();
  }
}

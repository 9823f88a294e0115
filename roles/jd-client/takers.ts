import type { LinkState as ReportedState } from '../../protocols/stats/messages.ts';
import type { Logger } from '../../runtime/logs.ts';
import { chooseUpstream, type LinkState } from '../../services/mining-client/choose-upstream.ts';
import type { WorkTaker } from './work-taker.ts';

/** How often it is looked whether another pool is to be tried, or to be returned to. */
const LOOK_MS = 100;
/** A better placed pool that refuses our jobs is tried again so often. */
const PROBE_MS = 30_000;
/** Where pools are there and refuse our jobs, what is mined for them is worth nothing. */
const SOLO_AFTER_REFUSAL_MS = 5_000;
const SOLO_WORDS = 'nobody pays for shares, and a block pays the own script alone';

/** A pool that can be mined for. */
export interface Pool extends WorkTaker, LinkState {
  /** Whether it is there and takes no jobs of ours. */
  readonly isRefused: boolean;
  /** Why it is not well, in words. */
  readonly trouble: string;
  /** Keeps its links up from now on, or lets them go. */
  want(isWanted: boolean): void;
  close(): Promise<void>;
}

/** How somebody to mine for stands, as it is reported. */
export interface PoolStanding {
  readonly name: string;
  readonly isUsed: boolean;
  /** Unknown: it is not tried, since a better placed one is there. */
  readonly state: ReportedState;
  readonly why: string;
}

export interface TakersOptions {
  /** The preferred one first. */
  readonly upstreams: readonly Pool[];
  readonly solo: WorkTaker;
  readonly soloAfterMs: number;
  readonly returnAfterMs: number;
  readonly log: Logger;
  /** Miners are to mine for this one from now on. */
  onTaker(taker: WorkTaker): void;
  /** A job is to be tried that no miner gets. */
  probe(upstream: Pool): void;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Chooses for whom is mined: the first pool of the list that is well, and nobody else where there is none. */
export class Takers {
  readonly #options: TakersOptions;
  readonly #looking: NodeJS.Timeout;
  readonly #probed = new Map<Pool, number>();
  #active: number | undefined;
  readonly #now: () => number;
  #outageSince: number;

  constructor(options: TakersOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#outageSince = this.#now();
    this.#looking = setInterval(() => this.look(), LOOK_MS);
  }

  /** In words; those that begin with "waiting" are trouble. */
  get status(): string {
    const { upstreams } = this.#options;
    const [first] = upstreams;
    if (!first) return 'mining solo';
    if (this.#active === 0) return `mining for ${first.name}`;
    const waiting = `waiting for pool ${first.name}: ${first.trouble}`;
    if (this.#active === undefined) return waiting;
    return `${waiting}; mining ${this.#pool ? `for ${this.#pool.name}` : 'solo'} meanwhile`;
  }

  /** Of all, in their order, solo mining last. */
  get standings(): PoolStanding[] {
    const { upstreams } = this.#options;
    const pools = upstreams.map(({ name, wellSince, trouble }, place): PoolStanding => {
      const isUsed = place === this.#active;
      if (wellSince !== undefined) return { name, isUsed, state: 'ok', why: 'it takes our jobs' };
      const isTried = place <= (this.#active ?? upstreams.length);
      return { name, isUsed, state: isTried ? 'failing' : 'unknown', why: trouble };
    });
    const isSolo = this.#active === upstreams.length;
    const why = isSolo ? 'blocks pay the miner itself' : 'where no pool is well';
    return [...pools, { name: 'solo', isUsed: isSolo, state: isSolo ? 'ok' : 'unknown', why }];
  }

  /** Whether anybody pays for shares. Mining solo works, and is trouble all the same where a pool was to be mined for. */
  get pay(): { readonly state: 'ok' | 'failing'; readonly why: string } {
    const { status } = this;
    if (this.#pool || this.#options.upstreams.length === 0) return { state: 'ok', why: status };
    const isSolo = this.#active !== undefined;
    return { state: 'failing', why: isSolo ? `${SOLO_WORDS}; ${status}` : status };
  }

  /** The pool that is mined for; undefined where it is none. */
  get #pool(): Pool | undefined {
    return this.#active === undefined ? undefined : this.#options.upstreams[this.#active];
  }

  look(): void {
    const { upstreams, solo, returnAfterMs, log, onTaker } = this.#options;
    const now = this.#now();
    const before = this.#active;
    const used = this.#pool;
    if (used && used.wellSince === undefined) this.#outageSince = now;
    const links = [...upstreams, { wellSince: this.#soloSince(now), hasDuties: false }];
    const state = { active: before, outageSince: this.#outageSince };
    const { active, wanted } = chooseUpstream(links, state, now, returnAfterMs);
    this.#active = active;
    for (const [place, upstream] of upstreams.entries()) upstream.want(wanted[place] ?? false);
    this.#probe(now);
    if (active === before || active === undefined) return;
    const taker = upstreams[active] ?? solo;
    const words = active === 0 || upstreams.length === 0 ? 'info' : 'warn';
    log[words](
      { for: taker.name },
      `miners mine ${taker === solo ? 'solo' : `for ${taker.name}`} from now on`,
    );
    onTaker(taker);
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    await Promise.all(this.#options.upstreams.map((upstream) => upstream.close()));
  }

  /** Since when solo mining is the thing to do; while it is done it stays so until a pool has been well long enough. */
  #soloSince(now: number): number | undefined {
    const { upstreams, soloAfterMs } = this.#options;
    if (upstreams.length === 0 || this.#active === upstreams.length) return 0;
    if (upstreams.some(({ wellSince }) => wellSince !== undefined)) return undefined;
    const isRefused = upstreams.some((upstream) => upstream.isRefused);
    const after = isRefused ? Math.min(soloAfterMs, SOLO_AFTER_REFUSAL_MS) : soloAfterMs;
    return now - this.#outageSince >= after ? 0 : undefined;
  }

  #probe(now: number): void {
    const { upstreams, probe } = this.#options;
    for (const upstream of upstreams.slice(0, this.#active ?? 0)) {
      const last = this.#probed.get(upstream);
      if (!upstream.isRefused || upstream.isBusy || (last !== undefined && now - last < PROBE_MS)) continue;
      this.#probed.set(upstream, now);
      probe(upstream);
    }
  }
}

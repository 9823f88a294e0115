import type { Logger } from '../../runtime/logs.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { Backoff } from '../../runtime/sv2/reconnect.ts';
import type { ChannelOwner } from './channel.ts';
import { chooseUpstream, RETURN_AFTER_MS } from './choose-upstream.ts';
import type { ShareJournal } from './journal/journal.ts';
import type { ShareVerdict } from './pending-shares.ts';
import { type OpenRequest, openRefused } from './session.ts';
import { type LinkFailure, UpstreamLink } from './upstream-link.ts';

/** How often it is looked whether another pool is to be tried, or to be returned to. */
const LOOK_MS = 100;

/** A pool, or a job declarator client that speaks like one. */
export interface MiningUpstream {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** 32 bytes, x-only. */
  readonly authorityKey: Uint8Array | undefined;
  /** False for a pool of another make: whatever is mined there is paid by its own rules, in no ehash. */
  readonly paysEhash: boolean;
}

export interface MiningClientOptions {
  /** The first that is well is mined for; see choose-upstream.ts. */
  readonly upstreams: readonly [MiningUpstream, ...MiningUpstream[]];
  /** What the channel is opened with that tells whether a pool has work; it carries no share. */
  readonly probe: OpenRequest;
  /** SetupConnection.flags, from protocols/sv2/mining.ts. */
  readonly flags: number;
  readonly deviceId: string;
  readonly workers: HandshakeWorkers;
  readonly log: Logger;
  readonly backoff?: Partial<Backoff>;
  /** Keeps shares without an answer over the end of the process. It is closed with the client. */
  readonly journal?: ShareJournal;
  /** Told of each share that an earlier process left in the journal. */
  onRecovered?(verdict: ShareVerdict): void;
  /** Milliseconds for which the channels of a cut link wait to be resumed; as long as the pool keeps them by default. */
  readonly resumeLimitMs?: number;
  /** Milliseconds for which shares may wait without an answer before the link is given up; ANSWER_LIMIT_MS by default. */
  readonly answerLimitMs?: number;
  /** Milliseconds of silence after which a pool counts as gone. */
  readonly silenceLimitMs?: number;
  /** Milliseconds for which a pool must be well before it is returned to. */
  readonly returnAfterMs?: number;
}

/** How the link to one pool is; times are milliseconds of performance.now(). */
export interface PoolView {
  readonly name: string;
  readonly isUsed: boolean;
  /** `unknown`: another one serves, and this one is not tried. */
  readonly state: 'ok' | 'failing' | 'unknown';
  readonly why: string;
  readonly since: number;
  readonly failure: LinkFailure | undefined;
}

/** Who is told how the links are. */
export interface MiningClientEvents {
  /**
   * A pool is well: the time to open channels.
   * @param moved true where it is another pool than before: channels there are to take the place of those that are open
   */
  onUp(moved: boolean): void;
  /** No pool is well; the owners of channels that cannot be resumed have been told. */
  onDown?(reason: string): void;
  /** Words for a status line. */
  onStatus?(text: string): void;
}

/** A mining client of SV2 with a list of pools, of which it mines for one. */
export class MiningClient {
  readonly #options: MiningClientOptions;
  readonly #links: readonly UpstreamLink[];
  #events: MiningClientEvents | undefined;
  #looking: NodeJS.Timeout | undefined;
  #active: number | undefined;
  /** The pool that channels were opened at last. */
  #last: number | undefined;
  #outageSince = 0;
  #told = '';

  constructor(options: MiningClientOptions) {
    this.#options = options;
    this.#links = options.upstreams.map(
      (upstream) => new UpstreamLink(upstream, options, () => this.#look()),
    );
    for (const recovered of options.journal?.recovered ?? []) {
      const link = this.#links.find(({ name }) => name === recovered.channel.upstream);
      if (link) link.adopt(recovered);
      else this.#giveUp(recovered.shares, recovered.channel.upstream, recovered.journal);
    }
  }

  /** Begins to connect, and to connect again, until it is closed. */
  run(events: MiningClientEvents): this {
    this.#events = events;
    this.#outageSince = performance.now();
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    this.#look();
    return this;
  }

  /** True where a pool is well. */
  get isUp(): boolean {
    return this.#activeLink?.wellSince !== undefined;
  }

  /** How each pool of the list is, in its order. One that says nothing is `failing` before it is left. */
  get pools(): PoolView[] {
    return this.#links.map((link, place) => {
      const { name, wellSince, illSince, silentSince, isWanted, trouble, failure } = link;
      const isUsed = place === this.#active && wellSince !== undefined;
      const named = { name, isUsed, failure };
      if (wellSince === undefined)
        return { ...named, state: isWanted ? 'failing' : 'unknown', why: trouble, since: illSince };
      if (silentSince === undefined) return { ...named, state: 'ok', why: 'has work', since: wellSince };
      return { ...named, state: 'failing', why: 'says nothing, though it is asked', since: silentSince };
    });
  }

  /** True where the pool that is mined for takes a locking key with each share. */
  get speaksEhash(): boolean {
    return this.#activeLink?.speaksEhash ?? false;
  }

  /** Asks the pool for an extended channel; where no pool is well it is refused at once. */
  open(request: OpenRequest, owner: ChannelOwner): void {
    const link = this.#activeLink;
    if (link === undefined) owner.refused(openRefused('the link to the pool is down'));
    else link.open(request, owner);
  }

  /** Hangs up for good; resolves when the links are gone. Shares that wait stay in the journal. */
  async close(): Promise<void> {
    clearInterval(this.#looking);
    this.#events = undefined;
    this.#options.journal?.close();
    await Promise.all(this.#links.map((link) => link.close()));
  }

  get #activeLink(): UpstreamLink | undefined {
    return this.#active === undefined ? undefined : this.#links[this.#active];
  }

  #look(): void {
    const events = this.#events;
    if (events === undefined) return;
    const now = performance.now();
    const { returnAfterMs = RETURN_AFTER_MS } = this.#options;
    const before = this.#active;
    const used = this.#activeLink;
    if (used && used.wellSince === undefined) this.#outageSince = used.illSince;
    const state = { active: before, outageSince: this.#outageSince };
    const { active, wanted } = chooseUpstream(this.#links, state, now, returnAfterMs);
    this.#active = active;
    for (const [place, link] of this.#links.entries()) link.want(wanted[place] ?? false);
    this.#tellStatus(events);
    if (active === before) return;
    if (active === undefined) {
      events.onDown?.(this.#links[before ?? 0]?.trouble ?? '');
      return;
    }
    const moved = this.#last !== undefined && this.#last !== active;
    this.#last = active;
    if (moved)
      this.#options.log.warn({ pool: this.#links[active]?.name }, 'miners are moved to another pool');
    events.onUp(moved);
  }

  #tellStatus({ onStatus }: MiningClientEvents): void {
    const text = this.#status();
    if (text === this.#told) return;
    this.#told = text;
    onStatus?.(text);
  }

  #status(): string {
    const first = this.#links[0];
    if (this.#active === undefined) return `waiting for pool: ${first?.trouble}`;
    if (this.#active === 0) return 'connected to pool';
    return `connected to pool ${this.#activeLink?.name}, in place of ${first?.name}: ${first?.trouble}`;
  }

  #giveUp(
    shares: readonly { readonly sequence: number }[],
    upstream: string,
    journal: { done(sequence: number): void },
  ): void {
    const reason = `${upstream} is no pool of the config any more`;
    this.#options.log.warn({ shares: shares.length }, `shares of the journal are lost: ${reason}`);
    for (const { sequence } of shares) {
      journal.done(sequence);
      this.#options.onRecovered?.({ kind: 'lost', reason });
    }
  }
}

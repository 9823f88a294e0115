import type { Figures } from '../../runtime/notify.ts';

/** At most so often; figures change with every share. */
const INTERVAL_MS = 500;

/** What the pool waits for at a peer, in words; undefined where it doesn't. */
type Peers = { mint?: string; templates?: string };

/** The pool in words and numbers for whoever watches it. */
export class PoolStatus {
  readonly #publish: (text: string, figures: Figures) => void;
  readonly #look: () => { blocked: string | undefined; figures: Figures };
  readonly #peers: Peers = {};
  #timer: NodeJS.Timeout | undefined;

  /** @param look why no channel can be opened, if that is so, and the figures */
  constructor(
    publish: (text: string, figures: Figures) => void,
    look: () => { blocked: string | undefined; figures: Figures },
  ) {
    this.#publish = publish;
    this.#look = look;
  }

  /** What there is to say of a peer. */
  peer(name: keyof Peers, text: string): void {
    this.#peers[name] = text;
    this.changed();
  }

  /** Tells soon; many changes are told once. */
  changed(): void {
    this.#timer ??= setTimeout(() => this.#tell(), INTERVAL_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    this.#timer = undefined;
    const { blocked, figures } = this.#look();
    const waiting = Object.values(this.#peers).filter((text) => text.startsWith('waiting'));
    const troubles = blocked ? [blocked, ...waiting] : waiting;
    this.#publish(troubles.length === 0 ? 'serving miners' : troubles.join('; '), figures);
  }
}

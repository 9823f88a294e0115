import type { Figures } from '../../runtime/notify.ts';

/** At most so often; figures change with every share. */
const INTERVAL_MS = 500;

/** How it stands with what the pool depends on, in words; those that begin with "waiting" are told. */
type Needs = { mint?: string; source?: string; outbox?: string; chain?: string };

/** The pool in words and numbers for whoever watches it. */
export class PoolStatus {
  readonly #publish: (text: string, figures: Figures) => void;
  readonly #look: () => { blocked: string | undefined; figures: Figures };
  readonly #needs: Needs = {};
  #timer: NodeJS.Timeout | undefined;
  #text = 'starting';

  /** @param look why no channel can be opened, if that is so, and the figures */
  constructor(
    publish: (text: string, figures: Figures) => void,
    look: () => { blocked: string | undefined; figures: Figures },
  ) {
    this.#publish = publish;
    this.#look = look;
  }

  waitsFor(name: keyof Needs, text: string): void {
    this.#needs[name] = text;
    this.changed();
  }

  /** What was told last, in words. */
  get text(): string {
    return this.#text;
  }

  /** How it stands with something that the pool depends on, in words; undefined before it has said so. */
  of(name: keyof Needs): string | undefined {
    return this.#needs[name];
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
    const waiting = Object.values(this.#needs).filter((text) => text.startsWith('waiting'));
    const troubles = blocked ? [blocked, ...waiting] : waiting;
    // What blocks it ends without a word to us: work comes in, a tip is left.
    if (blocked) this.changed();
    this.#text = troubles.length === 0 ? 'serving miners' : troubles.join('; ');
    this.#publish(this.#text, figures);
  }
}

/** What the mint tells its own parts, always after the change is on the disk. */
export interface MintEventMap {
  /** A mint or melt quote of any method stands otherwise than before. */
  readonly 'quote-changed': {
    readonly kind: 'mint' | 'melt';
    readonly method: string;
    /** The quote's id as wallets name it. */
    readonly quote: string;
  };
  /** Proofs went from one state of NUT-07 to another. */
  readonly 'proofs-changed': {
    /** hash_to_curve of their secrets, 33 bytes each. */
    readonly ys: readonly Uint8Array[];
    readonly state: 'UNSPENT' | 'PENDING' | 'SPENT';
  };
}

export type MintEvent = keyof MintEventMap;
type Listener<K extends MintEvent> = (event: MintEventMap[K]) => void;
type Listeners = { readonly [K in MintEvent]: Set<Listener<K>> };

/**
 * The mint's news: who changes a quote or a proof emits it after the commit, who wants to know listens. A listener
 * that fails never fails the change, which has happened.
 */
export class MintEvents {
  readonly #listeners: Listeners = { 'quote-changed': new Set(), 'proofs-changed': new Set() };
  readonly #onError: (error: unknown) => void;

  /** @param onError is told what a listener threw */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** @returns what ends the listening */
  on<K extends MintEvent>(kind: K, listener: Listener<K>): () => void {
    const listeners: Set<Listener<K>> = this.#listeners[kind];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<K extends MintEvent>(kind: K, event: MintEventMap[K]): void {
    const listeners: Set<Listener<K>> = this.#listeners[kind];
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

import type { PoolBlock } from './store/chain.ts';

/** What the mint tells its own parts, always after the change is on the disk. */
export interface MintEventMap {
  /** A mint or melt quote of any method stands otherwise than before. */
  readonly 'quote-changed': {
    readonly kind: 'mint' | 'melt';
    readonly method: string;
    /** The quote's id as wallets name it; undefined where any of the method may have changed. */
    readonly quote: string | undefined;
  };
  /** Proofs went from one state of NUT-07 to another. */
  readonly 'proofs-changed': {
    /** hash_to_curve of their secrets, 33 bytes each. */
    readonly ys: readonly Uint8Array[];
    readonly state: 'UNSPENT' | 'PENDING' | 'SPENT';
  };
  /** There is a new keyset, or one signs no more; KeysetBook and EpochBook know of it. */
  readonly 'keysets-changed': Readonly<Record<never, never>>;
  /** A block of a pool stands otherwise than before. */
  readonly 'pool-block': PoolBlock;
  /** A pool's link has said what payouts may take in its coinbases. */
  readonly 'payout-room': Readonly<Record<never, never>>;
}

export type MintEvent = keyof MintEventMap;
type Listener<K extends MintEvent> = (event: MintEventMap[K]) => void;
type Listeners = { readonly [K in MintEvent]: Set<Listener<K>> };

/** An event of any kind. */
export type AnyMintEvent = {
  [K in MintEvent]: { readonly kind: K; readonly event: MintEventMap[K] };
}[MintEvent];

/**
 * The mint's news: who changes a quote or a proof emits it after the commit, who wants to know listens. A listener
 * that fails never fails the change, which has happened.
 */
export class MintEvents {
  readonly #listeners: Listeners = {
    'quote-changed': new Set(),
    'proofs-changed': new Set(),
    'keysets-changed': new Set(),
    'pool-block': new Set(),
    'payout-room': new Set(),
  };
  readonly #ofAll = new Set<(told: AnyMintEvent) => void>();
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

  /** As `on`, for events of every kind. */
  onAny(listener: (told: AnyMintEvent) => void): () => void {
    this.#ofAll.add(listener);
    return () => this.#ofAll.delete(listener);
  }

  emit<K extends MintEvent>(kind: K, event: MintEventMap[K]): void {
    const listeners: Set<Listener<K>> = this.#listeners[kind];
    for (const listener of listeners) this.#tell(() => listener(event));
    for (const listener of this.#ofAll) this.#tell(() => listener({ kind, event } as AnyMintEvent));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onError(error);
    }
  }
}

import { randomBytes } from 'node:crypto';
import { acceptedWork, type TestMint } from '../unit/mint/support.ts';
import type { Figure } from './figure.ts';
import { closeMints, mintAt, type Place } from './mint-places.ts';

const ROWS = 1_000_000;
const FIRST = 101;
const POOL_SCRIPT_VALUE = 5_000_000_000n;

/** Boundaries one after the other, the first of which closes the epoch with all the quotes. */
class Boundaries {
  readonly #mint: TestMint;
  readonly #outboxId = randomBytes(16);
  #last = { height: FIRST - 1, hashLe: randomBytes(32) };
  #seq = 1n;

  constructor(mint: TestMint) {
    this.#mint = mint;
  }

  /** @returns the milliseconds that a call of the store waits at most while the boundary is dealt with */
  async next(): Promise<number> {
    const { engine, poolId } = this.#mint;
    const { store } = engine;
    const block = { height: this.#last.height + 1, hashLe: randomBytes(32) };
    const paid = { poolId, value: POOL_SCRIPT_VALUE, coinbaseValue: POOL_SCRIPT_VALUE };
    await store.call('follow', [
      { ...block, prevHashLe: this.#last.hashLe, isRead: true, payments: block.height > FIRST ? [paid] : [] },
    ]);
    this.#last = block;
    const segment = engine.epochs.current(poolId)?.segment ?? 0;
    const share = { ...acceptedWork(segment, randomBytes(33), 0), shareHashLe: block.hashLe };
    const batch = { poolId, outboxId: this.#outboxId, firstSeq: this.#seq++, records: [share] };
    await store.call('storeWork', { ...batch, reachedHeight: block.height });

    let isOver = false;
    const waits: number[] = [];
    const watching = (async () => {
      while (!isOver) {
        const sent = performance.now();
        await engine.ping();
        waits.push(performance.now() - sent);
      }
    })();
    const { blocks, unopened } = await store.call('course', { poolId, confirmations: 1 });
    const keysets = await Promise.all(unopened.map((height) => engine.epochs.keysetOf(poolId, height)));
    const terms = { policy: 'target', minimumDifficulty: 0, feePpm: 0, windowBlocks: 52_560 } as const;
    await store.call('arrangeEpochs', { poolId, blocks, terms, keysets });
    await engine.epochs.changed();
    isOver = true;
    await watching;
    return Math.max(...waits);
  }
}

function pause(place: Place): Figure {
  return {
    name: `longest wait for the store at a boundary, ${place.rows.toLocaleString('en')} quotes, ${place.store}`,
    unit: 'ms',
    async open() {
      const boundaries = new Boundaries(await mintAt(place));
      await boundaries.next();
      return { run: async () => ({ value: await boundaries.next() }) };
    },
  };
}

export const figures: Figure[] = [
  pause({ store: 'SQLite', rows: ROWS }),
  pause({ store: 'PostgreSQL', rows: ROWS }),
];

export const close = closeMints;

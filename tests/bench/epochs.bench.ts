import { randomBytes } from 'node:crypto';
import { fromHex } from '../../protocols/bytes.ts';
import { ChainFollower } from '../../roles/mint/chain/follower.ts';
import { createLog } from '../../runtime/logs.ts';
import { ScriptedChain } from '../unit/mint/scripted-chain.ts';
import { acceptedWork, type TestMint } from '../unit/mint/support.ts';
import type { Figure } from './figure.ts';
import { closeMints, mintAt, type Place } from './mint-places.ts';

const ROWS = 1_000_000;
const FIRST = 101;
const POOL_SCRIPT_VALUE = 5_000_000_000n;

/** Boundaries at one height, each in the place of the one before: every one closes the epoch with all the quotes. */
class Boundaries {
  readonly #mint: TestMint;
  readonly #outboxId = randomBytes(16);
  readonly #first = { height: FIRST, hashLe: randomBytes(32) };
  #seq = 1n;

  constructor(mint: TestMint) {
    this.#mint = mint;
  }

  /** @returns the milliseconds that a call of the store waits at most while the boundary is dealt with */
  async next(): Promise<number> {
    const { engine, poolId } = this.#mint;
    const { store } = engine;
    const block = { height: FIRST + 1, hashLe: randomBytes(32) };
    const paid = { poolId, value: POOL_SCRIPT_VALUE, coinbaseValue: POOL_SCRIPT_VALUE };
    await store.call('rollBack', FIRST);
    await store.call('follow', [
      { ...this.#first, prevHashLe: randomBytes(32), isRead: true, payments: [] },
      { ...block, prevHashLe: this.#first.hashLe, isRead: true, payments: [paid] },
    ]);
    const segment = engine.epochs.ofPool(poolId)[0]?.segment ?? 0;
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
      return { run: async () => ({ value: await boundaries.next() }) };
    },
  };
}

/** Blocks in one run. */
const BLOCKS = 2_000;
/** Of which a mainnet block has some 1.5 million. */
const PADDING = 1_500_000;

/** How fast a mint that was down comes back to a chain that its node gives at once. @param padding bytes of each block behind its coinbase */
function catchUp(store: Place['store'], blocks: number, padding: number): Figure {
  const size = padding === 0 ? 'small blocks' : `blocks of ${padding / 1e6} MB`;
  return {
    name: `blocks followed after a time away, ${size}, ${store}`,
    unit: 'per second and core',
    async open() {
      const { engine, poolId } = await mintAt({ store, rows: 0 });
      const chain = new ScriptedChain('regtest', FIRST);
      await engine.store.call('rollBack', -1);
      const rest = '00'.repeat(padding);
      const node = {
        network: chain.network,
        tip: undefined,
        async ask(method: string, params: readonly unknown[]) {
          const answer = await chain.ask(method, params);
          return method === 'getblock' ? `${String(answer)}${rest}` : answer;
        },
      };
      const follower = new ChainFollower({
        ...{ chain: node, store: engine.store, confirmations: 1, log: createLog('bench', 'silent') },
        pools: [{ poolId, script: fromHex('51') }],
      });
      return {
        async run() {
          chain.mine(blocks);
          const { tip } = chain;
          if (!tip || !(await follower.follow(tip, AbortSignal.any([]))))
            throw new Error('it did not follow');
          return { operations: blocks };
        },
      };
    },
  };
}

export const figures: Figure[] = [
  catchUp('SQLite', BLOCKS, 0),
  catchUp('PostgreSQL', BLOCKS, 0),
  catchUp('SQLite', BLOCKS / 20, PADDING),
  pause({ store: 'SQLite', rows: ROWS }),
  pause({ store: 'PostgreSQL', rows: ROWS }),
];

export const close = closeMints;

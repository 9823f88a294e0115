import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TransactionOutput } from '../../../protocols/bitcoin/output.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { isOnServer } from '../../harness/new-place.ts';
import { payoutScene } from './coinbase-payout-scene.ts';

const KEYS = 4;
const FINAL = 2;

/** What happens next; numbers choose among what there is. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('credit'), pick: fc.nat(), mask: fc.nat(4000) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pay'), pick: fc.nat(2), mask: fc.nat(31) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('mine'), pick: fc.nat(2), mask: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reorg'), pick: fc.nat(5), mask: fc.nat(1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('back'), pick: fc.constant(0), mask: fc.constant(0) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('die'), pick: fc.nat(9), mask: fc.constant(0) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('late'), pick: fc.constant(0), mask: fc.constant(0) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Plays a history, and holds the mint's books against what the chain itself says after each step. */
class History {
  readonly #scene: Awaited<ReturnType<typeof payoutScene>>;
  /** What each block of the pool pays others, by its hash. */
  readonly #blocks = new Map<string, readonly TransactionOutput[]>();
  #branch: { height: number; blocks: ReturnType<History['chain']['leave']> } | undefined;

  constructor(scene: Awaited<ReturnType<typeof payoutScene>>) {
    this.#scene = scene;
  }

  get chain() {
    return this.#scene.chain;
  }

  async take({ kind, pick, mask }: Step): Promise<void> {
    if (kind === 'credit') this.#scene.credit((pick % KEYS) + 1, 500 + mask);
    if (kind === 'pay') await this.#pay(pick, mask);
    if (kind === 'mine') this.chain.mine(pick + 1);
    if (kind === 'reorg') this.#reorganize(pick + 1, mask);
    if (kind === 'back') this.#comeBack();
    if (kind === 'die') await this.#scene.look(pick);
    await this.#scene.look();
    this.#compare();
  }

  /** A block of the pool, which leaves out of what it was told what the mask says; its share comes, or never does. */
  async #pay(pick: number, mask: number): Promise<void> {
    const outputs = this.#scene.onTip().filter((_, i) => ((mask >> i) & 1) === 0);
    const hashLe = this.#scene.mine(outputs);
    this.#blocks.set(toHex(hashLe), outputs);
    if (pick > 0) await this.#scene.deliver(hashLe);
  }

  #reorganize(depth: number, more: number): void {
    const height = Math.max(102, this.chain.blocks.length - depth);
    if (height >= this.chain.blocks.length) return;
    const blocks = this.chain.leave(height);
    this.#branch = { height, blocks };
    this.chain.mine(blocks.length + more);
  }

  #comeBack(): void {
    const branch = this.#branch;
    if (!branch || branch.height > this.chain.blocks.length) return;
    this.#branch = undefined;
    const { length } = this.chain.blocks;
    this.chain.comeBackTo(branch.height, branch.blocks);
    this.chain.mine(Math.max(1, length - this.chain.blocks.length + 1));
  }

  /** Mines until all is paid, and compares for the last time. */
  async end(): Promise<void> {
    this.chain.mine(FINAL);
    await this.#scene.look();
    await this.#pay(1, 0);
    this.chain.mine(FINAL);
    await this.#scene.look();
    this.#compare();
    for (const { free, held } of this.#scene.books()) {
      assert.equal(held, 0, 'all that was held is paid');
      assert.ok(free < 1000);
    }
    assert.ok(this.#scene.alerts.every((alert) => alert === 'coinbase-payout-undone'));
    this.#scene.audit();
  }

  /** Sats that blocks of the pool pay a key, in the active chain, with so many confirmations. */
  #onChain(script: Uint8Array, confirmations: number): number {
    const { blocks } = this.chain;
    const deep = blocks.slice(0, blocks.length - confirmations + 1);
    const paid = deep.flatMap(({ hashLe }) => this.#blocks.get(toHex(hashLe)) ?? []);
    const own = paid.filter((output) => toHex(output.script) === toHex(script));
    return Number(own.reduce((sum, { value }) => sum + value, 0n));
  }

  #compare(): void {
    const books = this.#scene.books();
    for (const [i, { key, free, held, paid, credited }] of books.entries()) {
      const script = this.#scene.scripts[i];
      assert.ok(script);
      assert.equal(free + held + paid, credited, `key ${key}: nothing is lost`);
      assert.equal(paid, this.#onChain(script, FINAL), `key ${key}: what final blocks paid has left`);
      assert.ok(this.#onChain(script, 1) <= credited, `key ${key}: no more is paid than was owed`);
    }
  }
}

test('whatever the chain does and whenever the mint ends, each balance is paid once', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const history = new History(await payoutScene(t, { confirmations: FINAL, keys: KEYS }));
      for (const each of steps) await history.take(each);
      await history.end();
    }),
    { numRuns: isOnServer() ? 4 : 15 },
  );
});

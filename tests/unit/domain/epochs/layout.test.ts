import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type BlockKind,
  type Laid,
  type LaidEpoch,
  type LaidSegment,
  type Layout,
  layOut,
  type PayingBlock,
} from '../../../../domain/epochs/layout.ts';

const FINAL_DEPTH = 3;

/** One thing that happens to a chain: a block that pays the pool or not, blocks that are left, quotes that are minted. */
type Turn =
  | { readonly does: 'mine'; readonly kind: BlockKind | undefined }
  | { readonly does: 'leave'; readonly blocks: number }
  | { readonly does: 'mint'; readonly of: number };

const kind = fc.constantFrom<BlockKind | undefined>(
  'boundary',
  'boundary',
  'undecided',
  'gift',
  'late',
  undefined,
);
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('mine' as const), kind }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('leave' as const), blocks: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('mint' as const), of: fc.nat(20) }) },
);

/** A pool's rows as its mint keeps them, through turns of the chain. */
class Pool {
  layout: Laid = {
    gifts: [],
    epochs: [
      {
        ...{ epoch: 1, openedHeight: 0, openedHash: undefined, standing: 'live', isFinal: true },
        ...{ closing: undefined, gifts: 0n, mergedInto: undefined, terms: 'target 0' },
      },
    ],
    segments: [
      { segment: 1, epoch: 1, hash: undefined, previous: undefined, hasQuotes: true, hasIssued: false },
    ],
  };
  readonly chain: ({ readonly hash: string; readonly kind: BlockKind } | undefined)[] = [];
  #made = 0;

  take(next: Turn): void {
    if (next.does === 'leave') this.chain.splice(Math.max(0, this.chain.length - next.blocks));
    else if (next.does === 'mine') {
      this.chain.push(next.kind && { hash: `${++this.#made}`, kind: next.kind });
    } else this.#mint(next.of);
    this.#arrange();
  }

  get blocks(): PayingBlock[] {
    return this.chain.flatMap((block, i) => {
      const height = i + 1;
      const isFinal = this.chain.length - height + 1 >= FINAL_DEPTH;
      const givenTo = this.layout.gifts.find(({ hash }) => hash === block?.hash)?.epoch;
      return block ? [{ ...block, height, value: 7n, reward: 50n, isFinal, givenTo }] : [];
    });
  }

  /** As the store does: only what is in a final epoch, and only while nothing is stranded. */
  #mint(of: number): void {
    const { epochs, segments } = this.layout;
    const segment = segments[of % segments.length];
    const epoch = epochs.find((each) => each.epoch === segment?.epoch);
    if (!segment || !epoch?.isFinal || epochs.some(({ standing }) => standing === 'stranded')) return;
    const minted = segments.map((each) => (each === segment ? { ...each, hasIssued: true } : each));
    this.layout = { ...this.layout, segments: minted };
  }

  #arrange(): void {
    const epochs: LaidEpoch[] = [...this.layout.epochs];
    const segments: LaidSegment[] = [...this.layout.segments];
    let previous = 1;
    for (const { height, hash, kind: is } of this.blocks) {
      if (is === 'late') continue;
      const row = epochs.find(({ openedHeight }) => openedHeight === height);
      if (!row && is !== 'gift') {
        epochs.push({
          ...{ epoch: epochs.length + 1, openedHeight: height, openedHash: hash, standing: 'unproven' },
          ...{ isFinal: false, closing: undefined, gifts: 0n, mergedInto: undefined, terms: 'target 0' },
        });
      }
      const own = epochs.find(({ openedHeight }) => openedHeight === height)?.epoch;
      const newest = segments.findLast((segment) => segment.hash === hash);
      const isStuck = newest?.hasIssued === true && is !== 'gift' && newest.epoch !== own;
      if (!newest || isStuck) {
        const segment = segments.length + 1;
        segments.push({ segment, epoch: 1, hash, previous, hasQuotes: true, hasIssued: false });
        previous = segment;
      } else previous = newest.segment;
    }
    const [base, ...rest] = epochs;
    assert.ok(base);
    const before = { epochs: [base, ...rest.sort((a, b) => a.openedHeight - b.openedHeight)], segments };
    this.layout = layOut(before, this.blocks);
    this.#check(before);
  }

  #isLate(hash: string): boolean {
    return this.chain.some((block) => block?.hash === hash && block.kind === 'late');
  }

  #check(before: Layout): void {
    const { epochs, segments } = this.layout;
    assert.deepEqual(layOut(this.layout, this.blocks), this.layout, 'the same again changes nothing');
    const live = epochs.filter(({ standing }) => standing === 'live');
    const boundaries = this.blocks.filter((block) => block.kind === 'boundary').map(({ hash }) => hash);
    assert.deepEqual(
      live.map(({ openedHash }) => openedHash),
      [undefined, ...boundaries],
    );
    assert.deepEqual(
      live.map(({ closing }) => closing?.hash),
      [...boundaries, undefined],
    );
    const gifts = this.blocks.filter((block) => block.kind === 'gift' || block.kind === 'late').length;
    assert.equal(
      live.reduce((sum, epoch) => sum + epoch.gifts, 0n),
      7n * BigInt(gifts),
    );
    for (const { hash, givenTo } of this.blocks) {
      if (live.some(({ epoch }) => epoch === givenTo) && this.#isLate(hash))
        assert.equal(this.layout.gifts.find((gift) => gift.hash === hash)?.epoch, givenTo, 'it stays there');
    }
    for (const { standing, isFinal } of epochs) {
      if (standing === 'dissolved' || standing === 'unproven') assert.equal(isFinal, false);
    }
    segments.forEach((segment, i) => {
      const epoch = epochs.find((each) => each.epoch === segment.epoch);
      assert.ok(epoch && epoch.standing !== 'dissolved', 'no segment without an epoch');
      if (segment.hasIssued) assert.equal(segment.epoch, before.segments[i]?.epoch, 'what was minted stays');
      const isNewest = segments.findLast((each) => each.hash === segment.hash) === segment;
      if (isNewest && segment.hash !== undefined && boundaries.includes(segment.hash))
        assert.equal(epoch.openedHash, segment.hash, 'work on a boundary is of the epoch that it opens');
    });
  }
}

test('whatever becomes of the chain, each boundary opens one epoch, and nothing that was minted is moved', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 40 }), (turns) => {
      const pool = new Pool();
      for (const next of turns) pool.take(next);
    }),
    { numRuns: 1_000 },
  );
});

test('a pool without epochs has nothing to lay out', () => {
  assert.deepEqual(layOut({ epochs: [], segments: [] }, []), { epochs: [], segments: [], gifts: [] });
});

test('an epoch whose heir has lost its boundary too shares what its heir shares, and nothing where that is dissolved', () => {
  const epoch = (number: number, change: Partial<LaidEpoch>): LaidEpoch => {
    const opened = { epoch: number, openedHeight: number, openedHash: undefined, isFinal: true } as const;
    const bare = { closing: undefined, gifts: 0n, mergedInto: undefined, terms: 'target 0' } as const;
    return { ...opened, ...bare, standing: 'stranded', ...change };
  };
  const heirsOf = (...epochs: LaidEpoch[]) =>
    layOut({ epochs, segments: [] }, []).epochs.map(({ mergedInto }) => mergedInto);
  const live = epoch(1, { standing: 'live' });
  const lost = epoch(2, { mergedInto: 3 });
  assert.deepEqual(heirsOf(live, lost, epoch(3, {})), [undefined, 3, undefined], 'its operator is asked');
  assert.deepEqual(heirsOf(live, lost, epoch(3, { mergedInto: 1 })), [undefined, 1, 1]);
  assert.deepEqual(heirsOf(live, lost, epoch(3, { standing: 'dissolved' })), [
    undefined,
    undefined,
    undefined,
  ]);
});

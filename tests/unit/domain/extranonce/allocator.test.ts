import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ExtranonceAllocator, MAX_PREFIXES } from '../../../../domain/extranonce/allocator.ts';
import { layOutUpstream, mostRollable, OWN_COINBASE } from '../../../../domain/extranonce/layout.ts';

const fixedPart = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 6)).toString('hex');

describe('extranonce prefixes', () => {
  it('are server id, counter and zeros, filled up to the full size', () => {
    const { bytes } = new ExtranonceAllocator(0xabcd, 7).allocate(4, 'a');
    assert.deepEqual([...bytes], [0xab, 0xcd, 0, 0, 0, 7, ...new Array(10).fill(0)]);
  });

  it('begin anywhere and go round', () => {
    const allocator = new ExtranonceAllocator(1, 0xffffffff);
    assert.equal(allocator.allocate(4, 'a').counter, 0xffffffff);
    assert.equal(allocator.allocate(4, 'a').counter, 0);
  });

  it('never overlap, whatever is opened, closed and freed', () => {
    const step = fc.oneof(
      fc.integer({ min: 0, max: mostRollable(OWN_COINBASE) }).map((rollable) => ({ open: rollable })),
      fc.constantFrom({ close: true } as const, { tip: true } as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(0xffffffff), (steps, first) => {
        const allocator = new ExtranonceAllocator(1, first);
        const open: ReturnType<ExtranonceAllocator['allocate']>[] = [];
        const mayBeMined = new Set<string>();
        let closed: string[] = [];
        for (const each of steps) {
          if ('open' in each) {
            const prefix = allocator.allocate(each.open, 'a');
            assert.equal(prefix.bytes.length + each.open, OWN_COINBASE.fullBytes);
            assert.ok(!mayBeMined.has(fixedPart(prefix.bytes)));
            mayBeMined.add(fixedPart(prefix.bytes));
            open.push(prefix);
          } else if ('close' in each) {
            const prefix = open.shift();
            if (!prefix) continue;
            allocator.retire(prefix);
            closed.push(fixedPart(prefix.bytes));
          } else {
            allocator.freeRetired();
            for (const gone of closed) mayBeMined.delete(gone);
            closed = [];
          }
        }
        assert.equal(allocator.inUse, mayBeMined.size);
        assert.equal(allocator.heldBy('a'), mayBeMined.size);
      }),
    );
  });

  it('run out, and come back only with a new tip', () => {
    const allocator = new ExtranonceAllocator(1, 0);
    const prefixes = Array.from({ length: MAX_PREFIXES }, () => allocator.allocate(4, 'a'));
    assert.throws(() => allocator.allocate(4, 'a'), { code: 'extranonce-exhausted' });
    const [first] = prefixes;
    assert.ok(first);
    allocator.retire(first);
    assert.throws(() => allocator.allocate(4, 'a'), { code: 'extranonce-exhausted' });
    allocator.freeRetired();
    assert.equal(allocator.allocate(4, 'a').counter, MAX_PREFIXES);
  });

  it('go on in another server id under their counters, which stay taken', () => {
    const allocator = new ExtranonceAllocator(1, 7);
    const prefix = allocator.allocate(14, 'a');
    allocator.move(0xabcd);
    assert.equal(allocator.serverId, 0xabcd);
    const moved = allocator.moved(prefix);
    assert.deepEqual([...moved.bytes], [0xab, 0xcd, 0, 0, 0, 7]);
    assert.deepEqual([...allocator.allocate(14, 'a').bytes], [0xab, 0xcd, 0, 0, 0, 8]);
    assert.deepEqual([...prefix.bytes], [0, 1, 0, 0, 0, 7], 'jobs sent before keep theirs');
    allocator.retire(moved);
    allocator.freeRetired();
    assert.equal(allocator.inUse, 1);
  });

  it("are counted by client, closed channels' too until a new tip", () => {
    const allocator = new ExtranonceAllocator(1, 0);
    const mine = allocator.allocate(4, 'a');
    allocator.allocate(0, 'a');
    allocator.allocate(4, 'b');
    allocator.retire(mine);
    assert.deepEqual(
      ['a', 'b', 'c'].map((client) => allocator.heldBy(client)),
      [2, 1, 0],
    );
    allocator.freeRetired();
    assert.deepEqual(
      ['a', 'b'].map((client) => allocator.heldBy(client)),
      [1, 1],
    );
  });

  it('begin anew with another layout, and nothing of the one before comes back', () => {
    const allocator = new ExtranonceAllocator(1, 0x1ff);
    const former = allocator.allocate(4, 'a');
    const narrow = layOutUpstream(6, undefined);
    assert.ok(narrow);
    allocator.layOut(narrow);
    assert.equal(allocator.inUse, 0);
    assert.equal(allocator.mostRollable, 4);
    const prefixes = Array.from({ length: 256 }, () => allocator.allocate(4, 'a').bytes[0]);
    assert.equal(new Set(prefixes).size, 256);
    assert.throws(() => allocator.allocate(4, 'a'), { code: 'extranonce-exhausted', message: /all 256 / });
    allocator.retire(former);
    allocator.freeRetired();
    assert.equal(allocator.inUse, 256);
  });
});

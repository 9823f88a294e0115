import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  FIRST_SESSION,
  MAX_SEEN_BYTES,
  MAX_SEEN_SHARES,
  payeeTag,
  SeenShares,
  STORED_EARLIER,
} from '../../../../domain/shares/seen-shares.ts';

const hash = (n: number): Uint8Array => Uint8Array.from(createHash('sha256').update(String(n)).digest());
const one = new Uint8Array(32);
const [a, b] = [FIRST_SESSION, FIRST_SESSION + 1];

describe('seen shares', () => {
  it('tell a duplicate from a replay', () => {
    const seen = new SeenShares();
    assert.equal(seen.look(hash(1), 7, a), 'unseen');
    seen.add(hash(1), 7, a);
    assert.equal(seen.look(hash(1), 7, a), 'duplicate', 'the same channel');
    assert.equal(seen.look(hash(1), 7, b), 'replay', 'the same payee after a cut');
    assert.equal(seen.look(hash(1), 8, b), 'duplicate', 'somebody else');
    seen.add(hash(2), 7, STORED_EARLIER);
    assert.equal(seen.look(hash(2), 7, a), 'replay', 'the same payee after a restart');
  });

  it('forget a share that was not stored, and take it again', () => {
    const seen = new SeenShares();
    seen.add(hash(1), 7, a);
    seen.forget(hash(1));
    seen.forget(hash(2));
    assert.equal(seen.look(hash(1), 7, a), 'unseen');
    seen.add(hash(1), 8, b);
    assert.equal(seen.look(hash(1), 8, b), 'duplicate');
    assert.equal(seen.size, 1);
  });

  it('know all of many, and no other, in 21 to 43 bytes each', () => {
    const seen = new SeenShares();
    const [some, many] = [100_000, 200_000];
    for (let i = 0; i < some; i++) seen.add(hash(i), i, a);
    assert.equal(seen.size, some);
    for (let i = 0; i < some; i++) assert.equal(seen.look(hash(i), i, b), 'replay');
    for (let i = some; i < many; i++) assert.equal(seen.look(hash(i), i, b), 'unseen');
    assert.ok(seen.bytes / seen.size > 21 && seen.bytes / seen.size < 43);
  });

  it('tell shares apart by the first 8 bytes of their hashes and 10 bits of the next', () => {
    const seen = new SeenShares();
    const known = new Uint8Array(32).fill(1);
    seen.add(known, 1, a);
    for (const index of [0, 3, 4, 7, 8]) {
      const other = Uint8Array.from(known);
      other[index] = 2;
      assert.equal(seen.look(other, 1, a), 'unseen');
    }
    const target = Uint8Array.from(known);
    target.fill(2, 10);
    assert.equal(seen.look(target, 1, a), 'duplicate', 'bits that targets touch do not count');
  });

  it('find what comes behind a share that was taken back', () => {
    const seen = new SeenShares();
    const alike = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i, 4, 5));
    for (const each of alike) seen.add(each, 1, a);
    for (const each of alike.slice(0, -1)) seen.forget(each);
    assert.deepEqual(
      alike.map((each) => seen.look(each, 1, a)),
      [...Array<string>(7).fill('unseen'), 'duplicate'],
    );
    assert.equal(seen.size, 1);
    for (let i = 0; i < 20_000; i++) seen.add(hash(i), 1, a);
    assert.equal(
      seen.look(alike[0] ?? one, 1, a),
      'unseen',
      'what was taken back does not come again by growing',
    );
    assert.equal(seen.look(alike[7] ?? one, 1, a), 'duplicate');
  });

  it('are full at their bound, until one is taken back', () => {
    const seen = new SeenShares(2);
    seen.add(hash(1), 1, a);
    assert.ok(!seen.full);
    seen.add(hash(2), 1, a);
    assert.ok(seen.full);
    seen.forget(hash(2));
    assert.ok(!seen.full);
  });

  it('are so many at most that the memory for them suffices', () => {
    const slots = MAX_SEEN_BYTES / 16;
    const spread = Math.sqrt(MAX_SEEN_SHARES / 1024);
    assert.ok(MAX_SEEN_SHARES / 1024 + 6 * spread < (slots / 1024) * 0.75);
  });

  it('tag payees by the first bytes of x', () => {
    assert.equal(payeeTag(Uint8Array.of(2, 1, 2, 3, 4, 5)), 0x04030201);
    assert.equal(payeeTag(Uint8Array.of(3, 255, 255, 255, 255)), 0xffffffff);
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  FIRST_SESSION,
  payeeTag,
  SeenShares,
  STORED_EARLIER,
} from '../../../../domain/shares/seen-shares.ts';

const hash = (n: number): Uint8Array => Uint8Array.from(createHash('sha256').update(String(n)).digest());
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

  it('know all of many, and no other', () => {
    const seen = new SeenShares();
    for (let i = 0; i < 20_000; i++) seen.add(hash(i), i, a);
    assert.equal(seen.size, 20_000);
    for (let i = 0; i < 20_000; i++) assert.equal(seen.look(hash(i), i, b), 'replay');
    for (let i = 20_000; i < 40_000; i++) assert.equal(seen.look(hash(i), i, b), 'unseen');
  });

  it('keep hashes apart that begin alike', () => {
    const seen = new SeenShares();
    const one = new Uint8Array(32).fill(1);
    const other = Uint8Array.from(one);
    other[15] = 2;
    seen.add(one, 1, a);
    assert.equal(seen.look(other, 1, a), 'unseen');
    seen.add(other, 1, a);
    assert.equal(seen.size, 2);
  });

  it('tag payees by the first bytes of x', () => {
    assert.equal(payeeTag(Uint8Array.of(2, 1, 2, 3, 4, 5)), 0x04030201);
    assert.equal(payeeTag(Uint8Array.of(3, 255, 255, 255, 255)), 0xffffffff);
  });
});

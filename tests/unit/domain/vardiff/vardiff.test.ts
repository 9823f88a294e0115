import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exponentFor, Vardiff } from '../../../../domain/vardiff/vardiff.ts';

const range = { floor: 0, ceiling: 62 };
const SPM = 6;
const TICK = 2_000;

/** A generator of numbers in (0, 1), the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
}

/** Lets a miner of `rate(t)` hashes a second mine for `seconds`; returns the times and values of all moves. */
function mine(vardiff: Vardiff, rate: (seconds: number) => number, seconds: number, next: () => number) {
  const moves: { at: number; k: number }[] = [];
  const wait = () => -Math.log(next());
  let shares = 0;
  for (let ms = TICK; ms <= seconds * 1000; ms += TICK) {
    const expected = (rate(ms / 1000) * (TICK / 1000)) / 2 ** vardiff.k;
    // Poisson by counting exponential waits.
    for (let sum = wait(); sum < expected; sum += wait()) {
      vardiff.accepted(vardiff.k);
      shares++;
    }
    const k = vardiff.evaluate(ms, range);
    if (k !== undefined) moves.push({ at: ms / 1000, k });
  }
  return { moves, shares };
}

const rateFor = (k: number) => 2 ** k * (SPM / 60);

describe('vardiff', () => {
  it('begins where the client says its rate is', () => {
    assert.equal(exponentFor(rateFor(40), SPM, range), 40);
    assert.equal(exponentFor(rateFor(40) * 1.3, SPM, range), 40);
    assert.equal(exponentFor(rateFor(40) * 1.5, SPM, range), 41);
    assert.equal(exponentFor(0, SPM, { floor: 24, ceiling: 62 }), 24);
    assert.equal(exponentFor(1e30, SPM, range), 62);
  });

  it('leaves a settled miner alone for hours', () => {
    let moves = 0;
    for (let seed = 1; seed <= 20; seed++) {
      moves += mine(new Vardiff(SPM, 40, 0), () => rateFor(40), 6 * 3600, random(seed)).moves.length;
    }
    assert.ok(moves <= 12, `${moves} moves in 120 hours`);
  });

  it('stops a flood within a few ticks and in few steps', () => {
    const { moves, shares } = mine(new Vardiff(SPM, 30, 0), () => rateFor(40), 120, random(3));
    assert.ok(moves.length >= 1 && moves.length <= 4);
    assert.ok((moves[0]?.at ?? 99) <= 4);
    assert.ok(Math.abs((moves.at(-1)?.k ?? 0) - 40) <= 1);
    assert.ok(shares < 2000);
  });

  it('eases a miner that lost most of its rate within two minutes', () => {
    const slow = [];
    for (let seed = 1; seed <= 20; seed++) {
      const { moves } = mine(new Vardiff(SPM, 40, 0), () => rateFor(37), 300, random(seed));
      slow.push(moves[0]?.at ?? 300);
    }
    slow.sort((x, y) => x - y);
    assert.ok((slow[10] ?? 300) <= 130, `median ${slow[10]} s`);
  });

  it('finds a silent miner after about a dozen shares of silence, and eases by three steps at most', () => {
    const { moves } = mine(new Vardiff(SPM, 40, 0), () => 0, 200, random(1));
    assert.ok((moves[0]?.at ?? 999) <= 100);
    assert.equal(moves[0]?.k, 37);
  });

  it('settles near the right exponent from either side', () => {
    for (const start of [20, 36, 44, 55]) {
      const vardiff = new Vardiff(SPM, start, 0);
      mine(vardiff, () => rateFor(40), 3600, random(start));
      assert.ok(Math.abs(vardiff.k - 40) <= 1, `from ${start} to ${vardiff.k}`);
    }
  });

  it('stays in its range', () => {
    const vardiff = new Vardiff(SPM, 24, 0);
    assert.equal(vardiff.evaluate(600_000, { floor: 24, ceiling: 62 }), undefined);
    for (let i = 0; i < 100; i++) vardiff.accepted(24);
    assert.equal(vardiff.evaluate(601_000, { floor: 24, ceiling: 25 }), 25);
  });

  it('counts a share for an older target by the work it proves', () => {
    const vardiff = new Vardiff(SPM, 40, 0);
    for (let i = 0; i < 64; i++) vardiff.accepted(34);
    assert.equal(vardiff.evaluate(10_000, range), undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  exponentFor,
  fixedExponent,
  startingExponent,
  trustedExponent,
  Vardiff,
} from '../../../../domain/vardiff/vardiff.ts';
import {
  convergence,
  exactExponent,
  type Phase,
  RANGE,
  type Run,
  ruleNamed,
  SHARES_PER_MINUTE,
  seeded,
  simulate,
} from '../../../../scripts/vardiff/simulation.ts';

const HOUR = 3_600;
const range = { floor: 0, ceiling: 62 };
const decades = Array.from({ length: 13 }, (_, index) => 10 ** (6 + index));
const rateFor = (k: number): number => (2 ** k * SHARES_PER_MINUTE) / 60;

function mine(claim: number, phases: readonly Phase[], seconds: number, seed: number): Run {
  return simulate(ruleNamed('hashpool', claim), phases, seconds, seeded(seed));
}

/** The slowest of all decades to find its exponent after a change from `before` to 1 times the decade's rate. */
function slowest(before: number, seeds: readonly number[]): number {
  const times = decades.flatMap((hashRate) =>
    seeds.map((seed) => {
      const phases = [
        { at: 0, hashRate: hashRate * before },
        { at: HOUR, hashRate },
      ];
      const run = mine(hashRate * before, phases, 2 * HOUR, seed);
      return convergence(run, exactExponent(hashRate), HOUR, 2 * HOUR);
    }),
  );
  return Math.max(...times);
}

describe('vardiff', () => {
  it('begins where the client says its rate is, rounded down', () => {
    assert.equal(exponentFor(rateFor(40), SHARES_PER_MINUTE, range), 40);
    assert.equal(exponentFor(rateFor(40) * 1.9, SHARES_PER_MINUTE, range), 40);
    assert.equal(exponentFor(rateFor(40) * 2, SHARES_PER_MINUTE, range), 41);
    assert.equal(exponentFor(0, SHARES_PER_MINUTE, { floor: 24, ceiling: 62 }), 24);
    assert.equal(exponentFor(1e30, SHARES_PER_MINUTE, range), 62);
  });

  it('finds the exponent of every decade within ten minutes from a guess that is off by a thousand', () => {
    for (const [index, hashRate] of decades.entries()) {
      for (const guess of [hashRate * 1000, hashRate / 1000]) {
        const run = mine(guess, [{ at: 0, hashRate }], HOUR, 100 + index);
        const seconds = convergence(run, exactExponent(hashRate), 0, HOUR);
        assert.ok(seconds <= 600, `${hashRate} H/s guessed as ${guess}: ${seconds} s`);
      }
    }
  });

  it('follows steps by 10 and by 100, up and down, within ten minutes in every decade', () => {
    for (const before of [0.01, 0.1, 10, 100]) {
      const seconds = slowest(before, [1, 2, 3]);
      assert.ok(seconds <= 600, `from ${before} times the rate: ${seconds} s`);
    }
  });

  it('brings a miner that fell by a hundred its next share within three minutes', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const phases = [
        { at: 0, hashRate: rateFor(40) },
        { at: HOUR, hashRate: rateFor(40) / 100 },
      ];
      const { shares } = mine(rateFor(40), phases, HOUR + 600, seed);
      const wait = (shares.find((at) => at > HOUR) ?? Number.POSITIVE_INFINITY) - HOUR;
      assert.ok(wait <= 180, `seed ${seed}: ${wait} s`);
    }
  });

  it('comes to a client that nobody knows within three minutes, be its start wrong by 2^27', () => {
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 42, 0);
    const easings: [number, number][] = [];
    for (let now = 0; now < 180_000; now += 2000) {
      const k = vardiff.evaluate(now, range);
      if (k !== undefined) easings.push([now / 1000, k]);
    }
    assert.deepEqual(
      easings.map(([, k]) => k),
      [39, 30, 3, 0],
    );
    assert.ok(easings.every(([at], i) => at < 45 * (i + 1)));
    for (let share = 0; share < 12; share++) vardiff.accepted(0);
    const found = vardiff.evaluate(180_001, range);
    assert.ok(found !== undefined && found > 0, 'one that was eased too far is heard at once');
  });

  it('takes no more than 80 shares in the minute after a rise by a hundred', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const phases = [
        { at: 0, hashRate: rateFor(40) },
        { at: HOUR, hashRate: rateFor(40) * 100 },
      ];
      const { shares } = mine(rateFor(40), phases, HOUR + 60, seed);
      assert.ok(shares.filter((at) => at > HOUR).length <= 80);
    }
  });

  it('moves a settled miner less than once in two hours, at whatever rate', () => {
    for (const [index, hashRate] of decades.entries()) {
      const { moves } = mine(hashRate, [{ at: 0, hashRate }], 31 * HOUR, 200 + index);
      const settled = moves.filter(({ at }) => at > HOUR).length;
      assert.ok(settled <= 15, `${hashRate} H/s: ${settled} moves in 30 hours`);
    }
  });

  it('pays all the work that is done, each share by the target it was found for', () => {
    const hashRate = 1e12;
    const phases = [
      { at: 0, hashRate },
      { at: HOUR, hashRate: hashRate * 100 },
      { at: 2 * HOUR, hashRate },
      { at: 3 * HOUR, hashRate: 0 },
      { at: 4 * HOUR, hashRate: hashRate / 10 },
    ];
    for (let seed = 1; seed <= 10; seed++) {
      const run = mine(hashRate / 1000, phases, 5 * HOUR, seed);
      assert.ok(Math.abs(run.paid - run.hashes) <= 4 * Math.sqrt(run.variance), `seed ${seed}`);
    }
  });

  it('never leaves its range', () => {
    for (const hashRate of [0, 1, 1e40]) {
      const { moves } = mine(1e15, [{ at: 0, hashRate: Math.min(hashRate, 1e21) }], HOUR / 4, 1);
      assert.ok(moves.every(({ exponent }) => exponent >= RANGE.floor && exponent <= RANGE.ceiling));
    }
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 24, 0);
    assert.equal(vardiff.evaluate(600_000, { floor: 24, ceiling: 62 }), undefined);
    for (let i = 0; i < 100; i++) vardiff.accepted(24);
    assert.equal(vardiff.evaluate(601_000, { floor: 24, ceiling: 25 }), 25);
  });

  it('asks to be looked at once a dozen shares came since the last look', () => {
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 24, 0);
    const asked = Array.from({ length: 12 }, () => vardiff.accepted(24));
    assert.deepEqual(asked.indexOf(true), 11);
    assert.ok((vardiff.evaluate(10, range) ?? 0) >= 34);
    assert.ok(!vardiff.accepted(24));
  });

  it('counts a share for an older target by the work it proves, and a late one for a harder target as one', () => {
    const older = new Vardiff(SHARES_PER_MINUTE, 40, 0);
    for (let i = 0; i < 64; i++) assert.ok(!older.accepted(34));
    assert.equal(older.evaluate(10_000, range), undefined);
    const late = new Vardiff(SHARES_PER_MINUTE, 30, 0);
    late.accepted(50);
    assert.equal(late.evaluate(10_000, range), undefined);
  });

  it('takes what comes at once after a cut for the time away, as much as may have been found then', () => {
    const away = 60_000;
    const backlog = 4 * SHARES_PER_MINUTE;
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 24, 0);
    vardiff.resumed(away, away);
    for (let i = 0; i < backlog; i++) assert.ok(!vardiff.accepted(24));
    assert.equal(vardiff.evaluate(away + 100, range), undefined);
    for (let i = 0; i < 12; i++) vardiff.accepted(24);
    assert.ok((vardiff.evaluate(away + 200, range) ?? 0) > 24, 'a flood is one after a cut too');
  });

  it('counts every share again some seconds after a cut, whether a backlog came or not', () => {
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 24, 0);
    vardiff.resumed(0, 600_000);
    assert.equal(vardiff.evaluate(10_001, range), undefined);
    for (let i = 0; i < 12; i++) vardiff.accepted(24);
    assert.ok((vardiff.evaluate(10_002, range) ?? 0) > 24);
  });

  it('stays where a client wants to stay, be its shares few or many, until it floods', () => {
    for (const perMinute of [0, 1, SHARES_PER_MINUTE, 32 * SHARES_PER_MINUTE]) {
      const vardiff = new Vardiff(SHARES_PER_MINUTE, 30, 0);
      const fixed = { floor: 30, ceiling: 62 };
      for (let second = 1; second <= 3600; second++) {
        const shares = Math.floor((perMinute * second) / 60) - Math.floor((perMinute * (second - 1)) / 60);
        for (let i = 0; i < shares; i++) vardiff.accepted(30);
        assert.equal(vardiff.evaluate(second * 1000, fixed, true), undefined, `${perMinute} a minute`);
      }
      for (let i = 0; i < 10_000; i++) vardiff.accepted(30);
      assert.ok((vardiff.evaluate(3_601_000, fixed, true) ?? 0) > 30);
      assert.ok(fixedExponent(fixed, vardiff.proven) > 30, 'and it does not begin the flood anew');
    }
    assert.equal(fixedExponent({ floor: 30, ceiling: 62 }, undefined), 30);
    assert.equal(fixedExponent({ floor: 30, ceiling: 62 }, 36), 30);
  });

  it("leaves a channel alone that many miners share, and not one that is as busy and a single miner's", () => {
    const after = (miners: number): number | undefined => {
      const vardiff = new Vardiff(SHARES_PER_MINUTE, 20, 0);
      for (let share = 0; share < 1000 * 2 * SHARES_PER_MINUTE; share++) vardiff.accepted(20);
      return vardiff.evaluate(60_000, { floor: 20, ceiling: 62 }, true, miners);
    };
    assert.equal(after(1000), undefined);
    assert.ok((after(1) ?? 0) > 20);
  });

  it('eases a silent miner quickly by three steps at a time, and slowly far below what its shares proved', () => {
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 40, 0);
    for (let i = 0; i < 8; i++) vardiff.accepted(40);
    vardiff.evaluate(80_000, range);
    assert.equal(vardiff.proven, 40);
    const moves: [seconds: number, k: number][] = [];
    for (let seconds = 82; seconds <= 1_800; seconds += 2) {
      const k = vardiff.evaluate(seconds * 1000, range);
      if (k !== undefined) moves.push([seconds - 80, k]);
    }
    const [first, second, third, fourth] = moves;
    assert.deepEqual([first?.[1], second?.[1], third?.[1], fourth?.[1]], [37, 34, 31, 30]);
    assert.ok((first?.[0] ?? 999) <= 100 && (second?.[0] ?? 999) <= 150);
    assert.ok(vardiff.k >= 27);
    assert.equal(vardiff.proven, 40);
  });
});

describe("a client's word", () => {
  it('is taken where nothing is proven, and hardens without a limit', () => {
    assert.equal(trustedExponent(20, undefined), 20);
    assert.equal(trustedExponent(60, 40), 60);
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 40, 0);
    assert.equal(vardiff.follow(60), 60);
    assert.equal(vardiff.follow(20), 20);
  });

  it('eases by three steps below what shares proved, however often it is given', () => {
    assert.equal(trustedExponent(20, 40), 37);
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 40, 0, 40);
    vardiff.set(vardiff.follow(20), 0);
    vardiff.set(vardiff.follow(0), 0);
    assert.equal(vardiff.k, 37);
  });

  it('starts a channel no easier than three steps below what shares proved, and there where it names no rate', () => {
    const start = (hashRate: number, proven?: number) =>
      startingExponent(hashRate, SHARES_PER_MINUTE, range, proven);
    assert.equal(start(rateFor(30)), 30);
    assert.equal(start(rateFor(30), 40), 37);
    assert.equal(start(rateFor(50), 40), 50);
    assert.equal(start(0), 0);
    assert.equal(start(0, 40), 40);
    assert.equal(start(0, 99), 62);
  });

  it('never hardens where it means to ease', () => {
    const vardiff = new Vardiff(SHARES_PER_MINUTE, 30, 0, 40);
    assert.equal(vardiff.follow(20), 30);
  });
});

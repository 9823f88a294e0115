import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Solo } from '../../../../roles/jd-client/solo.ts';
import { type Pool, Takers } from '../../../../roles/jd-client/takers.ts';
import { createLog } from '../../../../runtime/logs.ts';

const SOLO_AFTER_MS = 60_000;
const RETURN_AFTER_MS = 30_000;

/** A pool that is as the test says. */
class TestPool implements Pool {
  readonly name: string;
  readonly offer = undefined;
  readonly isBusy = false;
  readonly hasDuties = false;
  readonly trouble = 'not connected';
  wellSince: number | undefined;
  isRefused = false;
  isWanted = false;
  probes = 0;

  constructor(name: string) {
    this.name = name;
  }

  want(isWanted: boolean): void {
    this.isWanted = isWanted;
  }

  async close(): Promise<void> {
    this.isWanted = false;
  }

  isVoid(): boolean {
    return false;
  }

  tipIs(): void {
    assert.fail('nobody tells of tips here');
  }

  take(): void {
    assert.fail('nobody makes jobs here');
  }

  submit(): void {
    assert.fail('nobody mines here');
  }

  push(): never {
    assert.fail('nobody mines here');
  }
}

function scene(t: TestContext, count = 2) {
  const pools = Array.from({ length: count }, (_, i) => new TestPool(`pool ${i + 1}`));
  const chosen: string[] = [];
  let clock = 0;
  const takers = new Takers({
    upstreams: pools,
    solo: new Solo(Uint8Array.of(0x51), 12),
    soloAfterMs: SOLO_AFTER_MS,
    returnAfterMs: RETURN_AFTER_MS,
    log: createLog('takers', 'silent'),
    onTaker: ({ name }) => chosen.push(name),
    probe(pool) {
      for (const each of pools) if (each === pool) each.probes++;
    },
    now: () => clock,
  });
  t.after(() => takers.close());
  const at = (ms: number): void => {
    clock = ms;
    takers.look();
  };
  const [first = new TestPool(''), second = new TestPool('')] = pools;
  return { takers, chosen, at, first, second };
}

test('the first pool that is well is mined for, and the others are left alone', (t) => {
  const { takers, chosen, at, first, second } = scene(t);
  at(100);
  assert(first.isWanted && !second.isWanted);
  assert.match(takers.status, /^waiting for pool pool 1: not connected$/);
  first.wellSince = 200;
  at(200);
  assert.deepEqual(chosen, ['pool 1']);
  assert.equal(takers.status, 'mining for pool 1');
  assert.deepEqual(
    takers.standings.map(({ isUsed, state }) => [isUsed, state]),
    [
      [true, 'ok'],
      [false, 'unknown'],
      [false, 'unknown'],
    ],
  );
});

test('the next pool, then solo, then back when one has been well long enough', (t) => {
  const { takers, chosen, at, first, second } = scene(t);
  first.wellSince = 0;
  at(0);
  first.wellSince = undefined;
  at(1000);
  assert(!second.isWanted, 'a short cut moves nobody');
  at(3000);
  assert(second.isWanted);
  second.wellSince = 3100;
  at(3100);
  assert.match(takers.pay.why, /; mining for pool 2 meanwhile$/);
  assert.equal(takers.pay.state, 'ok', 'the second one pays');
  second.wellSince = undefined;
  at(10_000);
  at(10_000 + SOLO_AFTER_MS - 1);
  assert.deepEqual(chosen, ['pool 1', 'pool 2']);
  at(10_000 + SOLO_AFTER_MS);
  assert.deepEqual(chosen.at(-1), 'solo');
  assert.match(takers.status, /; mining solo meanwhile$/);
  assert.deepEqual(
    takers.standings.map(({ name, isUsed, state, why }) => [name, isUsed, state, why]),
    [
      ['pool 1', false, 'failing', 'not connected'],
      ['pool 2', false, 'failing', 'not connected'],
      ['solo', true, 'ok', 'blocks pay the miner itself'],
    ],
  );
  assert.equal(takers.pay.state, 'failing');
  assert.match(
    takers.pay.why,
    /^nobody pays for shares, .*; waiting for pool pool 1: not connected; mining solo meanwhile$/,
  );
  first.wellSince = 80_000;
  at(80_000 + RETURN_AFTER_MS - 1);
  assert.equal(chosen.at(-1), 'solo');
  at(80_000 + RETURN_AFTER_MS);
  assert.deepEqual(chosen, ['pool 1', 'pool 2', 'solo', 'pool 1']);
});

test('where jobs are refused nobody mines for long for nothing, and the pool is tried again', (t) => {
  const { chosen, at, first } = scene(t, 1);
  first.wellSince = 0;
  at(0);
  first.wellSince = undefined;
  first.isRefused = true;
  at(1000);
  at(5999);
  assert.deepEqual(chosen, ['pool 1']);
  at(6000);
  assert.deepEqual(chosen, ['pool 1', 'solo']);
  at(6100);
  at(20_000);
  assert.equal(first.probes, 1);
  at(40_000);
  assert.equal(first.probes, 2);
});

test('without pools miners mine solo at once, and that is no trouble', (t) => {
  const { takers, chosen, at } = scene(t, 0);
  at(0);
  assert.deepEqual(chosen, ['solo']);
  assert.equal(takers.status, 'mining solo');
  assert.deepEqual(takers.pay, { state: 'ok', why: 'mining solo' });
});

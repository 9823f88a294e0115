import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { toHex } from '../../../../protocols/bytes.ts';
import { Floor, type Scanner } from '../../../../roles/miner/floor.ts';
import type { Place, PlaceOptions } from '../../../../roles/miner/place.ts';
import { hashpool } from '../../../../roles/miner/profiles/hashpool.ts';
import { nerdminer } from '../../../../roles/miner/profiles/nerdminer.ts';
import { shareHash, type Task, taskOf, type WorkUnit } from '../../../../roles/miner/work.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { eventually } from './eventually.ts';
import { testExtranonce, testJob } from './test-job.ts';

const { hash } = await loadCrypto();
const onThisThread: Scanner = async ({ header, first, count, bits }) => {
  // A thread's answer takes a turn of the event loop.
  await new Promise(setImmediate);
  return hash.scanNonces(header, first, count, bits);
};

interface Found {
  readonly unit: WorkUnit;
  readonly nonce: number;
}

function floorOf(t: TestContext, options: { threads?: number; maxHashrate?: number; scan?: Scanner } = {}) {
  const floor = new Floor({
    threads: 1,
    maxHashrate: 100_000,
    hash,
    scan: onThisThread,
    failed: (error) => assert.fail(error),
    ...options,
  });
  t.after(() => floor.close());
  return floor;
}

function placeOn(floor: Floor, options: Partial<PlaceOptions> = {}) {
  const found: Found[] = [];
  const place: Place = floor.place({
    weight: 1,
    layout: hashpool,
    hasRoom: () => true,
    found: (unit, nonce) => found.push({ unit, nonce }),
    ...options,
  });
  return { place, found };
}

const easy = (): Task => taskOf(testJob, testExtranonce, 2 ** -24, 0);
const impossible = (): Task => taskOf(testJob, testExtranonce, 1, 0);

/** Waits until what was under way has ended. */
async function resting(floor: Floor): Promise<void> {
  for (let hashes = -1; hashes !== floor.hashes; ) {
    hashes = floor.hashes;
    await pause(200);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('threads find every share once, many in one range, and rest without a task', async (t) => {
  const floor = floorOf(t, { threads: 2 });
  const { place, found } = placeOn(floor);
  place.work(taskOf(testJob, testExtranonce, 2 ** -28, 0));
  await eventually(() => found.length >= 300, 'shares');
  assert.ok(found.every(({ unit, nonce }) => shareHash(hash, unit, nonce) !== undefined));
  const all = found.map(({ unit, nonce }) => `${toHex(unit.extranonce2)} ${nonce}`);
  assert.equal(new Set(all).size, all.length, 'none twice');
  place.work(undefined);
  await resting(floor);
  const { hashes } = floor;
  await pause(50);
  assert.equal(floor.hashes, hashes);
});

test('machines share the hashes by their weights, and one that rests leaves its part to the others', async (t) => {
  const floor = floorOf(t, { maxHashrate: 400_000 });
  const [small, middle, large] = [0.1, 0.9, 2].map((weight) => placeOn(floor, { weight }).place);
  assert.ok(small && middle && large);
  for (const place of [small, middle, large]) place.work(impossible());
  await eventually(() => floor.hashes > 150_000, 'hashes');
  const parts = [small, middle, large].map(({ hashes }) => hashes / floor.hashes);
  for (const [i, weight] of [0.1, 0.9, 2].entries())
    assert.ok(Math.abs((parts[i] ?? 0) - weight / 3) < 0.1, `${parts}`);
  large.work(undefined);
  const { hashes } = large;
  await eventually(() => middle.hashes > 2 * hashes, 'what was under way to end');
  const [before, of] = [floor.hashes, middle.hashes];
  await eventually(() => floor.hashes > before + 100_000, 'more hashes');
  assert.ok(Math.abs((middle.hashes - of) / (floor.hashes - before) - 0.9) < 0.1);
});

test('a new task takes the place of the old one; a full machine rests until it has room', async (t) => {
  const floor = floorOf(t);
  let hasRoom = true;
  const { place, found } = placeOn(floor, { hasRoom: () => hasRoom });
  place.work(easy());
  await eventually(() => found.length >= 3, 'shares');
  const next = easy();
  place.work(next);
  await eventually(() => found.at(-1)?.unit.task === next, 'shares of the next');
  hasRoom = false;
  await resting(floor);
  const { length } = found;
  await pause(50);
  assert.equal(found.length, length);
  hasRoom = true;
  floor.wake();
  await eventually(() => found.length > length, 'shares again');
});

test('a machine whose extranonce2 is fixed has its nonces and no more', async (t) => {
  const scanned: { first: number; count: number }[] = [];
  const floor = floorOf(t, {
    maxHashrate: 1e15,
    scan: async ({ first, count }) => {
      if (first + count > 2 ** 32 - 200_000 || scanned.length < 2) scanned.push({ first, count });
      return undefined;
    },
  });
  const { place } = placeOn(floor, { layout: nerdminer });
  place.work(impossible());
  await eventually(() => place.hashes === 2 ** 32 - nerdminer.firstNonce, 'the nonces to run out');
  assert.equal(scanned[0]?.first, nerdminer.firstNonce);
  const last = scanned.at(-1);
  assert.equal((last?.first ?? 0) + (last?.count ?? 0), 2 ** 32);
  assert.equal(place.isReady, false);
  place.work(impossible());
  assert.equal(place.isReady, true);
});

test('the cap on the hash rate is kept to', async (t) => {
  const floor = floorOf(t, { threads: 2, maxHashrate: 20_000 });
  const from = performance.now();
  placeOn(floor).place.work(impossible());
  await pause(600);
  const most = ((performance.now() - from) / 1000 + 1) * 20_000;
  assert.ok(floor.hashes > 0 && floor.hashes <= most, `${floor.hashes} hashes`);
});

test('a thread that fails is told', async (t) => {
  const failure = Promise.withResolvers<Error>();
  const floor = new Floor({
    threads: 1,
    maxHashrate: 1000,
    hash,
    scan: () => Promise.reject(new Error('gone')),
    failed: failure.resolve,
  });
  t.after(() => floor.close());
  placeOn(floor).place.work(easy());
  assert.match((await failure.promise).message, /a hashing thread failed/);
});

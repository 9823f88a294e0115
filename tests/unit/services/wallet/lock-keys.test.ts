import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import { KEY_GAP, openLockKeys } from '../../../../services/wallet/lock-keys.ts';
import { walletSchema } from '../../../../services/wallet/schema.ts';
import { openSeed } from '../../../../services/wallet/seed.ts';

const { curve } = await loadCrypto();
const seed = openSeed('legal winner thank year wave sausage worth useful legal winner thank yellow', curve);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function open() {
  return openLockKeys(openDatabase(':memory:', walletSchema), seed);
}

test('a purpose has one key, each further purpose the next one', () => {
  const keys = open();
  assert.deepEqual(
    ['a', 'b', 'a', 'c'].map((purpose) => keys.forPurpose(purpose, 0).index),
    [0, 1, 0, 2],
  );
});

test('unused keys are handed out again before they leave a gap that a restore would not cross', () => {
  const keys = open();
  for (let i = 0; i < KEY_GAP; i++) assert.equal(keys.forPurpose(`idle ${i}`, i).index, i);
  assert.equal(keys.forPurpose('one more', KEY_GAP).index, 0);
  assert.equal(keys.forPurpose('and another', KEY_GAP).index, 1);
  keys.used(seed.lockKey(5), KEY_GAP);
  assert.equal(keys.forPurpose('now there is room', KEY_GAP).index, KEY_GAP);
});

test('a key found by a restore is never given to a new purpose', () => {
  const keys = open();
  keys.used(seed.lockKey(7), 0);
  assert.equal(keys.forPurpose('new', 0).index, 8);
});

test('a key that nothing lasting was seen for widens no gap', () => {
  const keys = open();
  const found = seed.lockKey(KEY_GAP - 2);
  keys.known(found, 0);
  assert.equal(keys.forPurpose('new', 0).index, KEY_GAP - 1);
  assert.equal(keys.forPurpose('one more', 0).index, found.index, 'the oldest is handed out again');
  keys.used(found, 0);
  keys.known(found, 0);
  assert.equal(keys.forPurpose('another', 0).index, KEY_GAP, 'what was used stays so');
});

test('a key at work is asked for at every pass, a quiet one ever more seldom, and once a day at least', () => {
  const keys = open();
  keys.forPurpose('channel', 0);
  const isDue = (now: number) => keys.due(now, 10).length === 1;
  assert.ok(isDue(1));
  keys.asked([0], new Set([0]), HOUR);
  assert.ok(isDue(HOUR + 1));
  keys.asked([0], new Set(), 5 * HOUR);
  assert.ok(!isDue(5 * HOUR + 10 * MINUTE));
  assert.ok(isDue(5 * HOUR + 20 * MINUTE));
  keys.asked([0], new Set(), 365 * DAY);
  assert.ok(!isDue(365 * DAY + 23 * HOUR));
  assert.ok(isDue(366 * DAY));
  keys.forPurpose('channel', 365 * DAY + HOUR);
  assert.ok(isDue(365 * DAY + HOUR + 1));
});

test('a key that was asked for by a clock that ran ahead is asked for again when that is right', () => {
  const keys = open();
  keys.forPurpose('channel', 0);
  keys.asked([0], new Set([0]), 365 * DAY);
  assert.equal(keys.due(HOUR, 10).length, 1);
  keys.asked([0], new Set(), HOUR + 1);
  assert.equal(keys.due(HOUR, 10).length, 0, 'once in a pass');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_BUCKETS, TokenBuckets } from '../../../runtime/token-buckets.ts';

test('a bucket is full at first, fills with time, and never beyond its size', () => {
  let now = 0;
  const buckets = new TokenBuckets({ perSecond: 2, burst: 10 }, () => now);
  assert.equal(buckets.take('a', 10), 0);
  assert.equal(buckets.take('a', 1), 500, 'half a second for one token');
  assert.equal(buckets.take('b', 1), 0, 'each key has its own');
  now = 400;
  assert.equal(buckets.take('a', 1), 100);
  now = 500;
  assert.equal(buckets.take('a', 1), 0);
  now = 1e9;
  assert.equal(buckets.take('a', 10), 0);
  assert.equal(buckets.take('a', 1), 500);
});

test('more than a bucket holds goes through once it is full, and is paid off after', () => {
  let now = 0;
  const buckets = new TokenBuckets({ perSecond: 10, burst: 10 }, () => now);
  assert.equal(buckets.take('a', 30), 0);
  assert.equal(buckets.take('a', 1), 2100);
  now = 2100;
  assert.equal(buckets.take('a', 1), 0);
});

test('no more buckets are remembered than there is room for, and the idle ones go', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, () => 0);
  buckets.take('busy', 1);
  for (let i = 0; i < MAX_BUCKETS + 10; i++) {
    buckets.take(String(i), 1);
    if (i % 1000 === 0) assert.notEqual(buckets.take('busy', 1), 0);
  }
  assert.equal(buckets.size, MAX_BUCKETS);
  assert.notEqual(buckets.take('busy', 1), 0, 'who asks goes on being known');
});

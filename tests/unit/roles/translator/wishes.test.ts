import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePassword } from '../../../../protocols/sv1/password.ts';
import { DifficultyWishes } from '../../../../roles/translator/sv1-server/wishes.ts';

const bitsOf = (wishes: DifficultyWishes): [number | undefined, boolean] => [
  wishes.wanted.bits,
  wishes.wanted.isFixed,
];

test('a suggestion is where difficulty begins, the last one counts, and a minimum bounds it', () => {
  const wishes = new DifficultyWishes();
  assert.deepEqual(bitsOf(wishes), [undefined, false]);
  wishes.suggest(1);
  assert.deepEqual(bitsOf(wishes), [32, false]);
  wishes.suggest(1000);
  assert.deepEqual(bitsOf(wishes), [41, false], 'rounded to the easier power');
  wishes.suggestTarget(0xffffn << 208n);
  assert.deepEqual(bitsOf(wishes), [32, false], 'the target of difficulty 1');
  assert.ok(wishes.promiseMinimum(1000));
  assert.deepEqual(bitsOf(wishes), [42, false], 'rounded to the harder power');
  wishes.suggest(2048);
  assert.deepEqual(bitsOf(wishes), [43, false]);
  wishes.suggest(1);
  assert.ok(wishes.promiseMinimum(0));
  assert.deepEqual(bitsOf(wishes), [32, false], '0 takes it back');
  assert.ok(!wishes.promiseMinimum(2 ** 40), 'what is beyond all shares is not promised');
  assert.deepEqual(bitsOf(wishes), [32, false]);
});

test('a password fixes the difficulty, and no suggestion moves it after', () => {
  const wishes = new DifficultyWishes();
  assert.deepEqual(wishes.takePassword(parsePassword('x')), []);
  assert.deepEqual(bitsOf(wishes), [undefined, false]);
  assert.deepEqual(wishes.takePassword(parsePassword('d=4,fd=16')), []);
  wishes.suggest(1024);
  assert.deepEqual(bitsOf(wishes), [36, true]);
  wishes.promiseMinimum(64);
  assert.deepEqual(bitsOf(wishes), [38, true], 'a promise stands above it');
});

test('what is rounded, or is no difficulty, is told in words', () => {
  const wishes = new DifficultyWishes();
  const words = wishes.takePassword(parsePassword('d=1000,fd=none'));
  assert.equal(words.length, 2);
  assert.match(words.join('\n'), /"fd=none" is no difficulty: write d=1024 or fd=1024/);
  assert.match(words.join('\n'), /1000 is rounded to 512/);
  assert.deepEqual(bitsOf(wishes), [41, false]);
});

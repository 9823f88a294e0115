import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePassword } from '../../../protocols/sv1/password.ts';

test('options stand apart by commas, semicolons or spaces, among whatever else a password is', () => {
  const cases: [string, number | undefined, number | undefined][] = [
    ['x', undefined, undefined],
    ['', undefined, undefined],
    ['d=1024', 1024, undefined],
    ['x,d=0.001', 0.001, undefined],
    ['x;fd=.5', undefined, 0.5],
    ['secret D=8 FD=16, z=3', 8, 16],
    ['d=1e9', 1e9, undefined],
    ['d=4,d=8', 8, undefined],
    ['bad=5,id=7,d', undefined, undefined],
  ];
  for (const [password, difficulty, fixedDifficulty] of cases) {
    assert.deepEqual(parsePassword(password), { difficulty, fixedDifficulty, bad: [] }, password);
  }
});

test('an option without a difficulty is told, and the others hold', () => {
  const { difficulty, fixedDifficulty, bad } = parsePassword('d=abc,fd=0,d=,fd=-1,d=1e999,fd=0x10,d=16');
  assert.deepEqual(bad, ['d=abc', 'fd=0', 'd=', 'fd=-1', 'd=1e999', 'fd=0x10']);
  assert.deepEqual([difficulty, fixedDifficulty], [16, undefined]);
  assert.equal(parsePassword(`d=${'x'.repeat(300)}`).bad[0]?.length, 24);
  assert.equal(parsePassword('d=x,'.repeat(100)).bad.length, 16);
});

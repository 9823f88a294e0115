import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachOnItsOwn } from '../../../runtime/each-own.ts';

test('each has its turn, one after the other, whatever failed before it', async () => {
  const seen: string[] = [];
  const trouble = new Error('b is broken');
  const done = eachOnItsOwn(['a', 'b', 'c'], async (one) => {
    seen.push(`${one} begins`);
    await Promise.resolve();
    if (one === 'b') throw trouble;
    seen.push(`${one} ends`);
  });
  await assert.rejects(done, (error) => error === trouble);
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'c begins', 'c ends']);
  await eachOnItsOwn([], () => Promise.reject(trouble));
});

test('several troubles are told in one error, the same words once', async () => {
  const failing = (words: readonly string[]) =>
    eachOnItsOwn(words, (each) => Promise.reject(new Error(each)));
  await assert.rejects(failing(['x', 'y', 'x']), { code: 'several-failed', message: 'x; y' });
  await assert.rejects(failing(['1', '2', '3', '4', '5']), { message: '1; 2; 3; and 2 more' });
  await assert.rejects(failing(['x', 'x']), { name: 'Error', message: 'x' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MAX_BEGUN, Slices } from '../../../../services/mining-client/slices.ts';

const BUSY_MS = 1;

function busy(): void {
  for (const until = performance.now() + BUSY_MS; performance.now() < until; );
}

const numbers = Array.from({ length: 100 }, (_, i) => i);

async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await turn();
}

test('work on many things is done in order and in slices, and others have their turn between these', async () => {
  const slices = new Slices<number>();
  const done: number[] = [];
  let isOver = false;
  slices.begin(
    numbers,
    (item) => {
      busy();
      done.push(item);
    },
    () => {
      isOver = true;
    },
  );
  assert.ok(done.length > 0 && done.length < numbers.length, 'the first slice at once, and no more');
  assert.equal(isOver, false);
  let turns = 0;
  await until(() => {
    turns++;
    return isOver;
  });
  assert.ok(turns > 1);
  assert.deepEqual(done, numbers);
});

test('what was begun is finished before something else begins, and that too in slices', async () => {
  const slices = new Slices<number>();
  const done: string[] = [];
  const noting = (name: string) => (item: number) => {
    busy();
    done.push(`${name}${item}`);
  };
  slices.begin(numbers, noting('a'));
  const before = done.length;
  slices.begin([1], noting('b'));
  assert.equal(done.length, before);
  await until(() => done.length > numbers.length);
  assert.deepEqual(done, [...numbers.map((item) => `a${item}`), 'b1']);
});

test('of what is begun and not finished there is never much', () => {
  const slices = new Slices<number>();
  let count = 0;
  for (let begun = 0; begun <= MAX_BEGUN; begun++) {
    slices.begin(numbers, () => {
      busy();
      count++;
    });
    assert.equal(count < numbers.length, begun < MAX_BEGUN);
  }
  assert.equal(count, (MAX_BEGUN + 1) * numbers.length);
});

test('what is stopped is left, and nothing is told to be done', async () => {
  const slices = new Slices<number>();
  let count = 0;
  let isOver = false;
  slices.begin(
    numbers,
    () => {
      busy();
      count++;
    },
    () => {
      isOver = true;
    },
  );
  slices.stop();
  const before = count;
  await turn();
  await turn();
  assert.equal(count, before);
  assert.equal(isOver, false);
  slices.begin([1], () => count++);
  assert.equal(count, before + 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { UNKNOWN_BLOCK_MS, UnknownBlock } from '../../../../roles/pool/unknown-block.ts';

function scene() {
  const clock = { now: 0 };
  const [said, logged]: [string[], string[]] = [[], []];
  const watch = new UnknownBlock({
    source: 'the upstream',
    now: () => clock.now,
    log: pino({}, { write: (line: string) => logged.push(line) }),
    say: (words) => said.push(words),
  });
  return { watch, clock, said, logged };
}

test('a block that stays unknown is said once, in words, and taken back with the first share that is placed', () => {
  const { watch, clock, said, logged } = scene();
  watch.judged(3, 1);
  clock.now = UNKNOWN_BLOCK_MS - 1;
  watch.judged(3, 3);
  assert.deepEqual(said, [], 'a node may hear of a block later');
  clock.now = UNKNOWN_BLOCK_MS;
  watch.judged(0, 0);
  assert.deepEqual(said, [], 'a question without shares says nothing');
  watch.judged(1, 1);
  watch.judged(1, 1);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^waiting: .* does not know the block .* or the upstream is on another chain$/);
  watch.judged(0, 0);
  assert.equal(said.length, 1);
  watch.judged(2, 0);
  assert.deepEqual(said.slice(1), ['']);
  assert.equal(logged.length, 2);
});

test('an unknown block now and then is none that stays', () => {
  const { watch, clock, said } = scene();
  watch.judged(1, 1);
  watch.judged(1, 0);
  clock.now = UNKNOWN_BLOCK_MS;
  watch.judged(1, 1);
  watch.judged(1, 0);
  assert.deepEqual(said, []);
});

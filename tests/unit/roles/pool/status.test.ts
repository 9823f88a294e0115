import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PoolStatus } from '../../../../roles/pool/status.ts';

test('the end of what blocks the pool is told, though nobody says that it has ended', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let blocked: string | undefined = 'there is no work';
  const told: string[] = [];
  const status = new PoolStatus(
    (text) => told.push(text),
    () => ({ blocked, figures: {} }),
  );
  status.changed();
  t.mock.timers.tick(500);
  assert.deepEqual(told, ['there is no work']);
  blocked = undefined;
  t.mock.timers.tick(500);
  assert.deepEqual(told, ['there is no work', 'serving miners']);
  t.mock.timers.tick(5_000);
  assert.equal(told.length, 2, 'what does not change is not told again');
  status.close();
});

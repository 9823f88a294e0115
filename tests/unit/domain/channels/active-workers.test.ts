import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  ACTIVE_MS,
  ActiveWorkers,
  MAX_WORKERS,
  NOTED_MS,
} from '../../../../domain/channels/active-workers.ts';

it('workers are counted by client and name, for a while after their last share', () => {
  const workers = new ActiveWorkers();
  workers.note('alice', 'rig1', 0);
  workers.note('alice', 'rig2', 1);
  workers.note('bob', 'rig1', 2);
  workers.note('alice', 'rig1', NOTED_MS);
  assert.equal(workers.count(ACTIVE_MS), 3);
  assert.equal(workers.count(ACTIVE_MS + 1), 2, 'alice rig2 is gone');
  assert.equal(workers.count(ACTIVE_MS + 2), 1);
  assert.equal(workers.count(ACTIVE_MS + NOTED_MS), 0);
});

it('a worker with many shares is noted now and then', () => {
  const workers = new ActiveWorkers();
  workers.note('alice', 'rig1', 0);
  workers.note('alice', 'rig1', NOTED_MS - 1);
  assert.equal(workers.count(ACTIVE_MS - 1), 1);
  assert.equal(workers.count(ACTIVE_MS), 0);
});

it('workers beyond what is kept push out those heard of longest ago', () => {
  const workers = new ActiveWorkers();
  for (let i = 0; i <= MAX_WORKERS; i++) workers.note('alice', `rig${i}`, i);
  assert.equal(workers.count(MAX_WORKERS), MAX_WORKERS);
  workers.note('alice', 'rig0', MAX_WORKERS);
  workers.note('alice', 'rig1', MAX_WORKERS);
  assert.equal(workers.count(MAX_WORKERS), MAX_WORKERS, 'both had gone');
});

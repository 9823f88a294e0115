import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MiningChannel } from '../../../../domain/channels/mining-channel.ts';
import type { HashedWork } from '../../../../domain/shares/validate-share.ts';
import { ShareCommits } from '../../../../services/mining-server/share-commits.ts';

const bytes = (length: number): Uint8Array => new Uint8Array(length);
const job = { k: 32, live: { hashed: {} } };
const part = { job, header: bytes(80), extranonce: bytes(8), hashLe: bytes(32) };
const work = part as HashedWork;
const channel = {} as MiningChannel;
const key = bytes(33);

/** A store that is done at once, and how many shares each of its commits has. */
function desk() {
  const commits: number[] = [];
  const answered: number[] = [];
  const sink = {
    commit: async (_: Uint8Array, count: number) => {
      commits.push(count);
    },
  };
  const events = { failed: assert.fail, room: () => undefined };
  const shares = new ShareCommits(sink, events);
  const owner = { stored: () => answered.push(1), refused: assert.fail };
  const add = (count: number) => {
    for (let each = 0; each < count; each++) shares.add(owner, channel, each, work, key);
    shares.flush();
  };
  return { shares, commits, answered, add };
}

/** Until what was promised is done. */
const settled = () => new Promise(setImmediate);

test('after a commit of many shares the next one waits for more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { commits, answered, add } = desk();
  add(16);
  await settled();
  assert.equal(answered.length, 16, 'those are answered at once');
  add(1);
  add(2);
  await settled();
  assert.deepEqual(commits, [16]);
  t.mock.timers.tick(2);
  await settled();
  assert.deepEqual(commits, [16, 3]);
  assert.equal(answered.length, 19);
});

test('after a commit of a few shares the next one follows', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { commits, add } = desk();
  add(15);
  add(1);
  await settled();
  assert.deepEqual(commits, [15, 1]);
});

test('who waits for all shares to be stored waits for no rest', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { shares, commits, add } = desk();
  add(16);
  await settled();
  add(20);
  await shares.drain();
  assert.deepEqual(commits, [16, 20]);
});

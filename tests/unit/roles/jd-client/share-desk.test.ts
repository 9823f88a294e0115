import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MiningChannel } from '../../../../domain/channels/mining-channel.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { MAX_UNANSWERED, PassingDesk } from '../../../../roles/jd-client/share-desk.ts';
import type { PassedShare } from '../../../../roles/jd-client/upstream/job-record.ts';
import { jobOn, openedChannel, workOf } from './support.ts';

const KEY = new Uint8Array(33).fill(2);

function scene() {
  const passed: PassedShare[] = [];
  const said: string[] = [];
  let rooms = 0;
  const desk = new PassingDesk((share) => passed.push(share)).opened({
    failed: () => assert.fail('a desk that keeps nothing loses nothing'),
    room: () => rooms++,
  });
  const owner = (name: string) => ({
    stored: ({ sequenceNumber, work }: { sequenceNumber: number; work: object | undefined }) =>
      said.push(`${name} ${sequenceNumber} stored${work ? '' : ' again'}`),
    refused: ({ sequenceNumber }: { sequenceNumber: number }, code: string) =>
      said.push(`${name} ${sequenceNumber} ${code}`),
  });
  const seen = new SeenShares();
  const job = jobOn(seen);
  const channels = new Map<number, MiningChannel>();
  const channel = (id: number): MiningChannel => {
    const known = channels.get(id) ?? openedChannel(id);
    channels.set(id, known);
    return known;
  };
  const add = (id: number, sequence: number, worker?: string) => {
    const work = workOf(100_000 * id + sequence, job);
    seen.add(work.hashLe, 0, 1);
    desk.add(owner(`channel ${id}`), channel(id), sequence, work, KEY, worker);
    return work;
  };
  const take = () => said.splice(0);
  return { desk, passed, add, take, owner, channel, seen, rooms: () => rooms };
}

test('each share is answered with what was said to it, in the order of its channel', () => {
  const { passed, add, take } = scene();
  for (const sequence of [1, 2, 3]) add(1, sequence);
  add(2, 1);
  passed[2]?.answered({ kind: 'accepted' });
  passed[1]?.answered({ kind: 'refused', code: 'stale-share' });
  assert.deepEqual(take(), [], 'an acknowledgement would cover the first');
  passed[3]?.answered({ kind: 'accepted' });
  assert.deepEqual(take(), ['channel 2 1 stored']);
  passed[0]?.answered({ kind: 'accepted' });
  assert.deepEqual(take(), ['channel 1 1 stored', 'channel 1 2 stale-share', 'channel 1 3 stored']);
});

test('a share goes on with its key and its worker, or the worker of its channel', () => {
  const { passed, add } = scene();
  add(1, 1, 'drill');
  add(1, 2);
  assert.deepEqual(
    passed.map(({ owner }) => [owner.worker, owner.lockingKey]),
    [
      ['drill', KEY],
      ['rig', KEY],
    ],
  );
});

test('what is refused or lost may be handed in again', () => {
  const { passed, add, take, seen } = scene();
  const works = [add(1, 1), add(1, 2)];
  passed[0]?.answered({ kind: 'refused', code: 'invalid-coinbase-tx' });
  passed[1]?.answered({ kind: 'lost', reason: 'the link is gone' });
  assert.deepEqual(take(), ['channel 1 1 invalid-coinbase-tx', 'channel 1 2 stale-share']);
  for (const { hashLe } of works) assert.equal(seen.look(hashLe, 0, 1), 'unseen');
});

test('a share that a cut link brings again gets the answer of the first, once', () => {
  const { desk, passed, add, take, owner, channel } = scene();
  const work = add(1, 1);
  desk.addReplay(owner('again'), channel(3), 9, work);
  assert.equal(passed.length, 1);
  passed[0]?.answered({ kind: 'accepted' });
  assert.deepEqual(take(), ['channel 1 1 stored', 'again 9 stored again']);
  desk.addReplay(owner('again'), channel(3), 10, work);
  assert.deepEqual(take(), ['again 10 stored again']);
});

test('shares without an answer are bounded', () => {
  const { desk, passed, add, rooms } = scene();
  for (let sequence = 0; sequence < MAX_UNANSWERED; sequence++) {
    assert(!desk.full);
    add(1, sequence);
  }
  assert(desk.full);
  passed[0]?.answered({ kind: 'accepted' });
  assert(!desk.full);
  assert.equal(rooms(), 1);
});

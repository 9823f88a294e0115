import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { MAX_JOURNALLED_SHARES, ShareJournal } from '../../../../services/mining-client/journal/journal.ts';
import type { JournalledChannel } from '../../../../services/mining-client/journal/lines.ts';
import { ShareOwner } from '../../../../services/mining-client/share-owner.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';
import { request, share, whose } from './fixture.ts';

const channel: JournalledChannel = {
  upstream: 'pool.example:34254',
  request,
  extranoncePrefix: Uint8Array.of(1, 2, 3, 5),
  extranonceSize: 4,
};
const written = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function place(t: TestContext) {
  const path = join(temporaryFolder(), 'shares.journal');
  const open = (): ShareJournal => {
    const journal = new ShareJournal(path, pino({ level: 'silent' }));
    t.after(() => journal.close());
    return journal;
  };
  return { path, open };
}

const left = (journal: ShareJournal) =>
  journal.recovered.map(({ shares }) => shares.map(({ sequence }) => sequence));

test('a killed process leaves its unanswered shares, with all that resuming their channel takes', async (t) => {
  const { open } = place(t);
  const first = open();
  const kept = first.channel(channel);
  const own = new ShareOwner('rig "7" é', undefined);
  kept.add({ sequence: 1, share, owner: whose });
  const odd = { ...share, nonce: 0xffffffff, extranonce: Uint8Array.of(255, 0, 255, 0) };
  kept.add({ sequence: 2, share: odd, owner: own });
  kept.add({ sequence: 3, share, owner: whose });
  kept.done(1);
  await written();
  // Not closed: the next process opens the file while this one, as if killed, says no more.
  const [recovered, ...others] = open().recovered;
  assert.deepEqual(others, []);
  assert.deepEqual(recovered?.channel, channel);
  assert.deepEqual(
    recovered?.shares.map(({ sequence, share: { nonce, extranonce }, owner }) => ({
      sequence,
      nonce,
      extranonce,
      owner,
    })),
    [
      {
        sequence: 2,
        nonce: 0xffffffff,
        extranonce: Uint8Array.of(255, 0, 255, 0),
        owner: own,
      },
      { sequence: 3, nonce: share.nonce, extranonce: share.extranonce, owner: whose },
    ],
  );
});

test('what is answered is forgotten, what waits still is kept over any number of processes', async (t) => {
  const { open } = place(t);
  const first = open();
  const [a, b] = [first.channel(channel), first.channel({ ...channel, upstream: 'other:1' })];
  for (const sequence of [1, 2, 3]) a.add({ sequence, share, owner: whose });
  b.add({ sequence: 1, share, owner: whose });
  b.done(1);
  await written();
  const second = open();
  assert.deepEqual(left(second), [[1, 2, 3]]);
  second.recovered[0]?.journal.done(2);
  second.channel(channel).add({ sequence: 1, share, owner: whose });
  await written();
  const third = open();
  assert.deepEqual(left(third), [[1, 3], [1]]);
  for (const { journal, shares } of third.recovered)
    for (const { sequence } of shares) journal.done(sequence);
  assert.equal(third.size, 0);
  await written();
  assert.deepEqual(left(open()), []);
});

test('at the end of the process what waits stays, though its channel is given up', async (t) => {
  const { open } = place(t);
  const first = open();
  const kept = first.channel(channel);
  kept.add({ sequence: 1, share, owner: whose });
  first.close();
  kept.done(1);
  first.close();
  assert.deepEqual(left(open()), [[1]]);
});

test('a torn line is passed over', async (t) => {
  const { path, open } = place(t);
  const first = open();
  first.channel(channel).add({ sequence: 1, share, owner: whose });
  first.close();
  appendFileSync(path, '["share",1,2,7,5');
  assert.deepEqual(left(open()), [[1]]);
  for (const line of ['{}', '[]', '["share"]', '["channel",1,2]', '["odd",1]', '\0\0', '["done","x"]']) {
    appendFileSync(path, `${line}\n`);
  }
  assert.deepEqual(left(open()), [[1]]);
});

test('the file does not grow with the shares that were answered', async (t) => {
  const { path, open } = place(t);
  const journal = open();
  const kept = journal.channel(channel);
  kept.follow([{ sequence: 1, share, owner: whose }]);
  kept.add({ sequence: 1, share, owner: whose });
  for (let sequence = 2; sequence < 150_000; sequence++) {
    kept.add({ sequence, share, owner: whose });
    kept.done(sequence);
    if (sequence % 1000 === 0) await written();
  }
  await written();
  assert.ok(readFileSync(path).length < 20 * 1024 * 1024);
  assert.equal(journal.size, 1);
  assert.deepEqual(left(open()), [[1]]);
});

test('at the bound no more is taken, and again once one is answered', (t) => {
  const { open } = place(t);
  const kept = open().channel(channel);
  for (let sequence = 1; sequence <= MAX_JOURNALLED_SHARES; sequence++)
    kept.add({ sequence, share, owner: whose });
  assert.equal(kept.isFull, true);
  kept.done(1);
  assert.equal(kept.isFull, false);
});

test('a place where no file can be is told of with the key to change', () => {
  const path = join(temporaryFolder(), 'missing', 'shares.journal');
  assert.throws(() => new ShareJournal(path, pino({ level: 'silent' })), {
    code: 'journal-unusable',
    message: /journal_path/,
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelJob } from '../../../../domain/jobs/channel-jobs.ts';
import { UpstreamWork } from '../../../../domain/jobs/upstream-work.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import type { HashedWork } from '../../../../domain/shares/validate-share.ts';
import { parseNotify } from '../../../../protocols/sv1/server-messages.ts';
import type { Answer } from '../../../../roles/pool/sv1-upstream/connection.ts';
import { MAX_UNANSWERED, ShareQueue } from '../../../../roles/pool/sv1-upstream/share-queue.ts';
import { fakeNotify } from '../../../harness/fake-sv1-upstream.ts';

const NOTHING = new Uint8Array(0);
const source = {
  number: 1n,
  fields: parseNotify(fakeNotify('job')),
  extranonce: { extranonce1: NOTHING, extranonce2Size: 8 },
  versionMask: 0,
  isClean: true,
};
const { live } = new UpstreamWork(1).take(source, new SeenShares(), 6);
const job: ChannelJob = { live, k: 0, extranoncePrefix: NOTHING };
/** A share that is known by its number. */
const share = (number: number, isBlock = false): HashedWork => ({
  job,
  extranonce: NOTHING,
  header: NOTHING,
  hashLe: Uint8Array.of(number, number >>> 8),
  isBlock,
});
const numberOf = ({ hashLe }: HashedWork): number => (hashLe[0] ?? 0) + 256 * (hashLe[1] ?? 0);
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('no more shares wait than it has room for: the oldest give way, and blocks never', () => {
  const lost: number[] = [];
  const queue = new ShareQueue((work) => void lost.push(numberOf(work)));
  queue.add(share(0, true));
  for (let i = 1; i <= MAX_UNANSWERED + 2; i++) queue.add(share(i));
  assert.deepEqual(lost, [1, 2, 3]);
  assert.equal(queue.size, MAX_UNANSWERED);
  queue.drop('over');
  assert.equal(queue.size, 0);
  assert.equal(lost[3], 0);
});

test('each share has one outcome, whatever is cut and sent again, and none is sent twice at once', async () => {
  const outcomes: string[] = [];
  const sent: { number: number; answer(answer: Answer): void }[] = [];
  const queue = new ShareQueue((work, { kind }) => void outcomes.push(`${numberOf(work)} ${kind}`));
  const send = (work: HashedWork): Promise<Answer> | string => {
    if (numberOf(work) === 4) return 'it can not be sent';
    const { promise, resolve } = Promise.withResolvers<Answer>();
    sent.push({ number: numberOf(work), answer: resolve });
    return promise;
  };
  queue.up(send);
  for (const number of [1, 2, 3, 4]) queue.add(share(number));
  assert.deepEqual(outcomes, ['4 lost']);
  assert.equal(queue.underWay, 3);
  sent[0]?.answer({ kind: 'granted', result: true });
  sent[1]?.answer({ kind: 'refused', code: 21, words: 'Stale' });
  sent[2]?.answer({ kind: 'cut', words: 'gone' });
  queue.down();
  queue.add(share(5));
  await turn();
  assert.deepEqual(outcomes.slice(1), ['1 accepted', '2 rejected']);
  assert.deepEqual(sent.splice(0).length, 3);
  queue.up(send);
  assert.deepEqual(sent.map(({ number }) => number).sort(), [3, 5]);
  for (const each of sent) each.answer({ kind: 'granted', result: true });
  await turn();
  assert.equal(queue.size, 0);
  assert.equal(outcomes.length, 5);
});

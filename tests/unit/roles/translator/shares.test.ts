import assert from 'node:assert/strict';
import { test } from 'node:test';
import { powerTarget, targetToCompact, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { MAX_JOBS } from '../../../../roles/translator/sv1-server/job-table.ts';
import { newShareCounts } from '../../../../roles/translator/sv1-server/share-answer.ts';
import { MAX_NTIME_AHEAD_S } from '../../../../roles/translator/sv1-server/share-check.ts';
import { MAX_UNANSWERED_SHARES } from '../../../../roles/translator/sv1-server/share-desk.ts';
import type { ShareVerdict } from '../../../../services/mining-client/pending-shares.ts';
import type { Sv1Client, Sv1Share } from '../../../harness/sv1-client.ts';
import { workOf } from '../../../harness/sv1-work.ts';
import { plainJob, TEST_BITS, translatorUnderTest } from './test-upstream.ts';

const NAME = 'name.rig1';
const le = (bits: number) => targetToLeBytes(powerTarget(bits));

async function errorOf(client: Sv1Client, share: Sv1Share): Promise<unknown[] | null> {
  return (await client.submit(NAME, share)).error;
}

test('a share reaches the pool as the miner hashed it, and is true when the pool says so', async (t) => {
  const { miner, shares } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  channel.verdict = undefined;
  const share = client.mineShare();
  const answer = client.submit(NAME, share);
  await client.until(() => channel.shares.length === 1, 'the share');
  assert.equal(
    await Promise.race([answer, client.request('mining.ping')]).then(({ result }) => result),
    'pong',
  );
  const sent = channel.shares[0];
  assert.ok(sent);
  assert.deepEqual(sent.share, {
    jobId: 1,
    version: plainJob.version,
    ntime: Number.parseInt(share.ntime, 16),
    nonce: Number.parseInt(share.nonce, 16),
    extranonce: new Uint8Array(4),
  });
  assert.deepEqual(shares, newShareCounts());
  sent.answer({ kind: 'accepted' });
  assert.deepEqual(await answer, { id: 3, result: true, error: null });
  assert.deepEqual(shares, { ...newShareCounts(), accepted: 1 });
});

test("what the pool refuses is refused in Stratum V1's codes, with words that AxeOS explains", async (t) => {
  const { miner, shares } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const table: [ShareVerdict, unknown[]][] = [
    [{ kind: 'refused', code: 'stale-share' }, [21, 'Stale', null]],
    [{ kind: 'refused', code: 'invalid-job-id' }, [21, 'Job not found', null]],
    [{ kind: 'refused', code: 'duplicate-share' }, [22, 'Duplicate share', null]],
    [{ kind: 'refused', code: 'difficulty-too-low' }, [23, 'Difficulty too low', null]],
    [{ kind: 'refused', code: 'invalid-ehash-key' }, [24, 'Unauthorized worker', null]],
    [{ kind: 'refused', code: 'bad-extranonce-size' }, [20, 'Invalid nonce2 length', null]],
    [{ kind: 'refused', code: 'version-rolling-not-allowed' }, [20, 'Invalid version mask', null]],
    [{ kind: 'refused', code: 'invalid-non-rollable-version-bit' }, [20, 'Invalid version mask', null]],
    [{ kind: 'refused', code: 'invalid-channel-id' }, [20, 'invalid-channel-id', null]],
    [{ kind: 'refused', code: 'invalid-share' }, [20, 'Mining Submit validation error', null]],
    [{ kind: 'refused', code: 'some\nnew-code' }, [20, 'Pool: some new-code', null]],
    [{ kind: 'lost', reason: 'the link was cut' }, [20, 'No answer from the pool: the link was cut', null]],
  ];
  for (const [verdict, error] of table) {
    channel.verdict = verdict;
    assert.deepEqual(await errorOf(client, client.mineShare()), error);
  }
  const reasons = { ...newShareCounts().reasons, stale: 1, unknown_job: 1, duplicate: 1, low_difficulty: 1 };
  Object.assign(reasons, { unauthorized: 1, malformed: 1, version_bits: 2, other: 3 });
  assert.deepEqual(shares, { accepted: 0, rejected: table.length - 1, lost: 1, reasons });
});

test('what can be seen here is refused at once, and nothing of it reaches the pool', async (t) => {
  const { miner, connect, shares } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const good = client.mineShare();
  const wrong: [Partial<Sv1Share>, unknown[]][] = [
    [{ jobId: 'ffffffff' }, [21, 'Job not found', null]],
    [{ jobId: 'x' }, [21, 'Job not found', null]],
    [{ extranonce2: good.extranonce2.slice(1) }, [20, 'Invalid nonce2 length', null]],
    [{ extranonce2: `${good.extranonce2}00` }, [20, 'Invalid nonce2 length', null]],
    [{ extranonce2: 'zzzzzzzz' }, [20, 'Invalid nonce2 length', null]],
    [{ ntime: '00000001' }, [20, 'Ntime out of range', null]],
    [{ ntime: (plainJob.minNtime + MAX_NTIME_AHEAD_S + 1).toString(16) }, [20, 'Ntime out of range', null]],
    [{ ntime: (plainJob.minNtime + MAX_NTIME_AHEAD_S).toString(16) }, [23, 'Difficulty too low', null]],
    [{ ntime: 'x' }, [20, 'Invalid mining submit message', null]],
    [{ nonce: '' }, [20, 'No nonce', null]],
    [{ versionBits: '00002000' }, [20, 'Invalid version mask', null]],
    [{ extranonce2: 'ffffffff' }, [23, 'Difficulty too low', null]],
  ];
  for (const [change, error] of wrong) {
    assert.deepEqual(await errorOf(client, { ...good, ...change }), error, JSON.stringify(change));
  }
  assert.deepEqual((await client.submit('somebody', good)).error, [24, 'Unauthorized worker', null]);
  const stranger = await connect();
  assert.deepEqual((await stranger.submit(NAME, good)).error, [25, 'Not subscribed', null]);
  assert.equal(channel.shares.length, 0);
  const { reasons, rejected } = shares;
  const counted = Object.entries(reasons).filter(([, count]) => count > 0);
  assert.deepEqual(Object.fromEntries(counted), {
    unknown_job: 2,
    malformed: 5,
    ntime: 2,
    version_bits: 1,
    low_difficulty: 2,
    unauthorized: 1,
    not_subscribed: 1,
  });
  assert.equal(rejected, wrong.length + 2);
  assert.equal((await client.submit(NAME, good)).result, true, 'and the good one counts');
});

test('a repeated share is the pool to judge: it is sent up each time', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const share = client.mineShare();
  assert.equal((await client.submit(NAME, share)).result, true);
  channel.verdict = { kind: 'refused', code: 'duplicate-share' };
  assert.deepEqual(await errorOf(client, share), [22, 'Duplicate share', null]);
  assert.equal(channel.shares.length, 2);
});

test('rolled version bits come back in the version, and only those granted', async (t) => {
  const { connect, upstream } = await translatorUnderTest(t);
  const client = await connect();
  await client.configure('0000e000');
  await client.subscribe();
  await client.authorize(NAME);
  const channel = upstream.last;
  channel.job(1, { version: 0x3fff0000 });
  await client.waitForJob();
  assert.equal(client.versionMask, 0xe000);
  const share = client.mineShare({ rollVersion: true });
  assert.equal((await client.submit(NAME, share)).result, true);
  assert.equal(channel.shares[0]?.share.version, 0x3fff2000);
  assert.deepEqual(await errorOf(client, { ...share, versionBits: '00010000' }), [
    20,
    'Invalid version mask',
    null,
  ]);
  assert.equal((await client.submit(NAME, client.mineShare())).result, true, 'not rolled: the job version');
});

test('a job that allows no rolling takes the mask away, and the next one gives it back', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  await client.configure();
  const from = client.notes.length;
  const first = client.job;
  channel.job(2, { versionRollingAllowed: false });
  assert.deepEqual((await client.note('mining.set_version_mask', from)).params, ['00000000']);
  await client.waitForJob(first);
  assert.deepEqual(await errorOf(client, { ...client.mineShare(), versionBits: '00002000' }), [
    20,
    'Invalid version mask',
    null,
  ]);
  channel.job(3);
  assert.deepEqual((await client.note('mining.set_version_mask', client.notes.length)).params, ['1fffe000']);
});

test("a job keeps its paying target: the old job's shares count at the old difficulty, the new ones at the new", async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const easy = client.job;
  channel.job(2, { targetLe: le(TEST_BITS + 4), cleanJobs: false });
  const hard = await client.waitForJob(easy);
  assert.equal(client.difficulty, 2 ** (TEST_BITS + 4 - 32));
  assert.equal(hard.cleanJobs, false);
  assert.ok(easy);
  const weak = (job: typeof hard) => {
    for (;;) {
      const share = client.mineShare({ job, difficulty: 2 ** (TEST_BITS - 32) });
      if (workOf(share.header) > powerTarget(TEST_BITS + 4)) return share;
    }
  };
  assert.equal((await client.submit(NAME, weak(easy))).result, true);
  assert.deepEqual(await errorOf(client, weak(hard)), [23, 'Difficulty too low', null]);
  channel.job(3, { cleanJobs: false });
  const easier = await client.waitForJob(hard);
  assert.equal(easier.cleanJobs, true, 'with an easier difficulty the jobs before it are dropped');
});

test('a block that is too easy for a share goes up all the same, and is answered as the pool has it', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const first = client.job;
  channel.job(2, { targetLe: le(TEST_BITS + 64), nbits: targetToCompact(powerTarget(TEST_BITS)) });
  await client.waitForJob(first);
  channel.verdict = { kind: 'refused', code: 'difficulty-too-low' };
  const block = client.mineShare({ difficulty: 2 ** (TEST_BITS - 32) });
  assert.deepEqual(await errorOf(client, block), [23, 'Difficulty too low', null]);
  assert.equal(channel.shares.length, 1);
  channel.job(3, { targetLe: le(TEST_BITS + 64), nbits: 1 });
  const last = await client.waitForJob(client.job);
  assert.deepEqual(await errorOf(client, { ...block, jobId: last.jobId }), [23, 'Difficulty too low', null]);
  assert.equal(channel.shares.length, 1, 'bits that stand for no target are met by nothing');
});

test('a share at the edge: what meets the target counts, though its SV1 difficulty is a 65,536th harder', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const share = client.mineShare();
  const work = workOf(share.header);
  const first = client.job;
  channel.job(2, { targetLe: targetToLeBytes(work) });
  const met = await client.waitForJob(first);
  assert.equal((await client.submit(NAME, { ...share, jobId: met.jobId })).result, true);
  channel.job(3, { targetLe: targetToLeBytes(work - 1n) });
  const { jobId } = await client.waitForJob(met);
  assert.deepEqual(await errorOf(client, { ...share, jobId }), [23, 'Difficulty too low', null]);
});

test('of old jobs the oldest is forgotten, and a share for it is stale', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const share = client.mineShare();
  const notifies = () => client.notes.filter(({ method }) => method === 'mining.notify').length;
  for (let id = 2; id <= MAX_JOBS + 1; id++) channel.job(id);
  await client.until(() => notifies() === MAX_JOBS + 1, 'the last job');
  assert.deepEqual(await errorOf(client, share), [21, 'Stale', null]);
});

test('a silent pool: the job is told again before the miner doubts it, its time running on', async (t) => {
  const { miner, clock } = await translatorUnderTest(t, { settings: { jobKeepaliveMs: 30_000 } });
  const { client, channel } = await miner(NAME);
  const first = client.job;
  clock.now += 31_000;
  const again = await client.waitForJob(first);
  assert.equal(again.jobId, `${first?.jobId}#1`);
  assert.equal(again.cleanJobs, false);
  const advance = Number.parseInt(again.ntime, 16) - plainJob.minNtime;
  assert.ok(advance >= 31 && advance <= 33);
  assert.equal((await client.submit(NAME, client.mineShare())).result, true);
  assert.equal(channel.shares[0]?.share.jobId, 1);
});

test('one miner cannot have too many shares unanswered', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  channel.verdict = undefined;
  const share = client.mineShare();
  const answers = Array.from({ length: MAX_UNANSWERED_SHARES + 1 }, () => client.submit(NAME, share));
  const last = await answers.at(-1);
  assert.deepEqual(last?.error, [20, 'No answer from the pool: too many shares wait for it', null]);
  assert.equal(channel.shares.length, MAX_UNANSWERED_SHARES);
  for (const { answer } of channel.shares) answer({ kind: 'accepted' });
  assert.equal((await answers[0])?.result, true);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes } from '../../../../protocols/bytes.ts';
import type { ActiveJob } from '../../../../services/mining-client/active-job.ts';
import {
  JobBoard,
  MAX_FUTURE_JOBS,
  type NewExtendedMiningJob,
  type SetNewPrevHash,
} from '../../../../services/mining-client/job-board.ts';

const easy = new Uint8Array(32).fill(0xff);
const hard = new Uint8Array(32).fill(1);
const prefix = Uint8Array.of(1, 2, 3, 4);

function newJob(job_id: number, min_ntime: number | null = null): NewExtendedMiningJob {
  return {
    name: 'NewExtendedMiningJob',
    channel_id: 1,
    job_id,
    min_ntime,
    version: 0x20000000,
    version_rolling_allowed: true,
    merkle_path: [],
    coinbase_tx_prefix: new Uint8Array(60).fill(7),
    coinbase_tx_suffix: new Uint8Array(50).fill(8),
  };
}

function prevHash(job_id: number): SetNewPrevHash {
  const prev_hash = new Uint8Array(32).fill(job_id);
  return { name: 'SetNewPrevHash', channel_id: 1, job_id, prev_hash, min_ntime: 100, nbits: 0x207fffff };
}

function activated(board: JobBoard, jobId: number): ActiveJob {
  const job = board.setPrevHash(prevHash(jobId));
  assert.ok(job);
  return job;
}

test('a future job waits for its prev hash and carries the target of that moment', () => {
  const board = new JobBoard(easy, prefix);
  assert.equal(board.addJob(newJob(1)), undefined);
  board.setTarget(hard);
  const job = activated(board, 1);
  assert.deepEqual(
    {
      id: job.work.jobId,
      target: job.targetLe,
      ntime: job.work.minNtime,
      clean: job.work.cleanJobs,
    },
    { id: 1, target: hard, ntime: 100, clean: true },
  );
  assert.deepEqual(job.work.prevHashLe, new Uint8Array(32).fill(1));
});

test('a job for now is active on the prev hash there is, and a later target does not touch it', () => {
  const board = new JobBoard(easy, prefix);
  board.addJob(newJob(1));
  board.setPrevHash(prevHash(1));
  const job = board.addJob(newJob(2, 105));
  board.setTarget(hard);
  assert.ok(job);
  assert.deepEqual(
    { id: job.work.jobId, target: job.targetLe, ntime: job.work.minNtime, clean: job.work.cleanJobs },
    { id: 2, target: easy, ntime: 105, clean: false },
  );
});

test('a job under a target that no hash can meet is no job, and what comes after it is', () => {
  const board = new JobBoard(new Uint8Array(32), prefix);
  board.addJob(newJob(1));
  assert.throws(() => board.setPrevHash(prevHash(1)), { code: 'bad-target' });
  board.setTarget(easy);
  assert.equal(board.addJob(newJob(2, 105))?.work.jobId, 2);
});

test('under another prefix a job that is sent again is another job', () => {
  const board = new JobBoard(easy, prefix);
  board.addJob(newJob(1));
  activated(board, 1);
  assert.ok(board.addJob(newJob(2, 105)));
  board.setExtranoncePrefix(Uint8Array.from(prefix));
  assert.equal(board.addJob(newJob(2, 105)), undefined);
  board.setExtranoncePrefix(Uint8Array.of(9, 9, 9, 9));
  assert.ok(board.addJob(newJob(2, 105)));
});

test('the channels of a group have one job at each target', () => {
  const [one, same, other] = [easy, Uint8Array.from(easy), hard].map(
    (target) => new JobBoard(target, prefix),
  );
  assert.ok(one && same && other);
  const [job, tip] = [newJob(1), prevHash(1)];
  const first = one.setPrevHash(tip, job);
  assert.ok(first);
  assert.equal(same.setPrevHash(tip, job), first);
  const harder = other.setPrevHash(tip, job);
  assert.equal(harder?.work, first.work);
  assert.deepEqual(harder?.targetLe, hard);
});

test("what breaks the channel's order is an error, and the channel goes on", () => {
  const board = new JobBoard(easy, prefix);
  assert.throws(() => board.addJob(newJob(1, 100)), { code: 'no-prev-hash' });
  assert.throws(() => board.setPrevHash(prevHash(7)), { code: 'unknown-job' });
  assert.equal(board.addJob(newJob(8, 101))?.work.prevHashLe[0], 7, 'the prev hash counted');
  board.addJob(newJob(9));
  board.setPrevHash(prevHash(9));
  assert.throws(
    () => board.setPrevHash(prevHash(9)),
    { code: 'unknown-job' },
    'a prev hash forgets future jobs',
  );
});

test('of too many future jobs the oldest is forgotten', () => {
  const board = new JobBoard(easy, prefix);
  for (let id = 1; id <= MAX_FUTURE_JOBS + 1; id++) board.addJob(newJob(id));
  assert.throws(() => board.setPrevHash(prevHash(1)), { code: 'unknown-job' });
  const other = new JobBoard(easy, prefix);
  for (let id = 1; id <= MAX_FUTURE_JOBS; id++) other.addJob(newJob(id));
  assert.equal(activated(other, 1).work.jobId, 1);
});

test('a coinbase that a pool left its witness in is stripped', () => {
  const board = new JobBoard(easy, prefix);
  const version = Uint8Array.of(2, 0, 0, 0);
  const rest = Uint8Array.of(1, 0, 0);
  const locktime = Uint8Array.of(9, 9, 9, 9);
  const witness = concatBytes(Uint8Array.of(1, 32), new Uint8Array(32));
  board.addJob({
    ...newJob(1),
    coinbase_tx_prefix: concatBytes(version, Uint8Array.of(0, 1), rest),
    coinbase_tx_suffix: concatBytes(rest, witness, locktime),
  });
  const job = activated(board, 1);
  assert.deepEqual(job.work.coinbasePrefix, concatBytes(version, rest));
  assert.deepEqual(job.work.coinbaseSuffix, concatBytes(rest, locktime));
});

test('a job that is sent again is active already, unless anything about it changed', () => {
  const board = new JobBoard(easy, prefix);
  board.addJob(newJob(1));
  activated(board, 1);
  assert.ok(board.addJob(newJob(2, 105)));
  board.addJob(newJob(1));
  assert.equal(board.setPrevHash(prevHash(1)), undefined);
  assert.equal(board.addJob(newJob(2, 105)), undefined);
  board.setTarget(hard);
  assert.deepEqual(board.addJob(newJob(2, 105))?.targetLe, hard);
  board.addJob(newJob(3));
  activated(board, 3);
  board.addJob(newJob(1));
  assert.ok(board.setPrevHash(prevHash(1)), 'on a tip that was left for another');
});

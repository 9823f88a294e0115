import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_FUTURE_JOBS,
  type NewExtendedMiningJob,
  type SetNewPrevHash,
} from '../../../../services/mining-client/job-board.ts';
import { SentJobs } from '../../../../services/mining-client/sent-jobs.ts';

const GROUP = 9;

function newJob(job_id: number, changes: Partial<NewExtendedMiningJob> = {}): NewExtendedMiningJob {
  return {
    name: 'NewExtendedMiningJob',
    channel_id: 1,
    job_id,
    min_ntime: null,
    version: 0x20000000,
    version_rolling_allowed: true,
    merkle_path: [new Uint8Array(32).fill(3)],
    coinbase_tx_prefix: new Uint8Array(60).fill(7),
    coinbase_tx_suffix: new Uint8Array(50).fill(8),
    ...changes,
  };
}

function prevHash(job_id: number, changes: Partial<SetNewPrevHash> = {}): SetNewPrevHash {
  const prev_hash = new Uint8Array(32).fill(job_id);
  const fields = { channel_id: 1, job_id, prev_hash, min_ntime: 100, nbits: 0x207fffff };
  return { name: 'SetNewPrevHash', ...fields, ...changes };
}

test('what another channel was told is kept once, and nothing that differs is taken for it', () => {
  const jobs = new SentJobs();
  const first = newJob(1);
  assert.equal(jobs.same(first), first);
  assert.equal(jobs.same(newJob(1, { channel_id: 2 })), first);
  const others: Partial<NewExtendedMiningJob>[] = [
    { min_ntime: 5 },
    { version: 0x20000001 },
    { version_rolling_allowed: false },
    { merkle_path: [] },
    { merkle_path: [new Uint8Array(32).fill(4)] },
    { coinbase_tx_prefix: new Uint8Array(60).fill(6) },
    { coinbase_tx_suffix: new Uint8Array(51).fill(8) },
  ];
  for (const changes of others) {
    const before = new SentJobs();
    before.same(first);
    const other = newJob(1, changes);
    assert.equal(before.same(other), other);
  }
  const tip = prevHash(1);
  assert.equal(jobs.same(tip), tip);
  assert.equal(jobs.same(prevHash(1, { channel_id: 2 })), tip);
  const later = prevHash(1, { min_ntime: 101 });
  assert.equal(jobs.same(later), later);
});

test("a group's job waits for the prev hash that names it; of too many the oldest is forgotten", () => {
  const jobs = new SentJobs();
  assert.equal(jobs.awaits(newJob(1, { min_ntime: 5 }), GROUP), false, 'one for now waits for nothing');
  for (let id = 1; id <= MAX_FUTURE_JOBS + 1; id++) assert.equal(jobs.awaits(newJob(id), GROUP), true);
  assert.equal(jobs.named(prevHash(1), GROUP), undefined);
  assert.equal(jobs.named(prevHash(2), GROUP)?.job_id, 2);
  assert.equal(jobs.named(prevHash(2), GROUP + 1), undefined);
  jobs.forget(GROUP);
  assert.deepEqual(jobs.future(GROUP), []);
});

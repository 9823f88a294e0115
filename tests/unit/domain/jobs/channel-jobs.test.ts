import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ChannelJobs,
  EASY_JOB_GRACE_MS,
  MAX_FUTURE_JOBS,
  MAX_LIVE_JOBS,
  MAX_STALE_IDS,
  MUCH_EASIER,
} from '../../../../domain/jobs/channel-jobs.ts';
import { type ExtendedJob, liveJob, type Tip } from '../../../../domain/jobs/extended-job.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';

const tip: Tip = {
  prevHashLe: new Uint8Array(32),
  nbits: 0x207fffff,
  minNtime: 0,
  targetLe: new Uint8Array(32),
  seen: new SeenShares(),
};
const job = (id: number): ExtendedJob => ({
  id,
  templateId: BigInt(id),
  version: 0x20000000,
  versionRollingAllowed: true,
  coinbasePrefix: new Uint8Array(0),
  coinbaseSuffix: new Uint8Array(0),
  merklePath: [],
  withTag: () => assert.fail('no miner has a tag here'),
});
const prefix = new Uint8Array(16);
const own = (id: number, k = 0, extranoncePrefix = prefix) => ({
  live: liveJob(job(id), tip),
  k,
  extranoncePrefix,
});

describe("a channel's jobs", () => {
  it('are unknown while they wait for their tip, live from then on, stale after the next', () => {
    const jobs = new ChannelJobs();
    jobs.announce(1, prefix);
    assert.ok(jobs.isAnnounced(1));
    assert.equal(jobs.find(1, 0), 'unknown');
    jobs.activate(own(1));
    assert.ok(!jobs.isAnnounced(1));
    assert.ok(typeof jobs.find(1, 0) === 'object');
    jobs.activate(own(2));
    assert.equal(jobs.find(1, 0), 'stale');
    assert.equal(jobs.find(3, 0), 'unknown');
  });

  it('of whoever makes its own outlast their tip being told again, and no other tip', () => {
    const jobs = new ChannelJobs();
    jobs.add(own(1), 0);
    jobs.retire(new Uint8Array(32));
    assert.ok(typeof jobs.find(1, 0) === 'object');
    jobs.retire(new Uint8Array(32).fill(1));
    assert.equal(jobs.find(1, 0), 'stale');
  });

  it('that were announced for another tip are stale once one is activated', () => {
    const jobs = new ChannelJobs();
    jobs.announce(1, prefix);
    jobs.announce(2, prefix);
    jobs.activate(own(2));
    assert.equal(jobs.find(1, 0), 'stale');
  });

  it('keep their own target next to newer ones of the same tip', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 20));
    jobs.add(own(2, 25), 0);
    const [old, newer] = [jobs.find(1, 0), jobs.find(2, 0)];
    assert.ok(typeof old === 'object' && old.k === 20);
    assert.ok(typeof newer === 'object' && newer.k === 25);
    assert.equal(jobs.newest, newer);
  });

  it('keep target and prefix when they come again', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 20));
    jobs.add(own(1, 25), 0);
    jobs.activate(own(1, 25));
    const job = jobs.find(1, 0);
    assert.ok(typeof job === 'object' && job.k === 20);
  });

  it('are mined with the prefix that they were announced with', () => {
    const jobs = new ChannelJobs();
    const later = new Uint8Array(16).fill(1);
    jobs.announce(1, prefix);
    jobs.activate(own(1, 0, later));
    jobs.add(own(2, 0, later), 0);
    const [old, newer] = [jobs.find(1, 0), jobs.find(2, 0)];
    assert.ok(typeof old === 'object' && old.extranoncePrefix === prefix);
    assert.ok(typeof newer === 'object' && newer.extranoncePrefix === later);
  });

  it('that are much easier than a newer one are stale once their grace is over', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 20));
    jobs.add(own(2, 20 + MUCH_EASIER - 1), 1000);
    assert.equal(typeof jobs.find(1, 1e9), 'object', 'not so much easier');
    jobs.add(own(3, 20 + MUCH_EASIER), 2000);
    const end = 2000 + EASY_JOB_GRACE_MS;
    const before = jobs.find(1, end - 1);
    assert.ok(typeof before === 'object' && before.k === 20, 'with its own target until then');
    assert.equal(jobs.find(1, end), 'stale');
    assert.deepEqual(
      jobs.live(end).map(({ live }) => live.job.id),
      [2, 3],
    );
    assert.equal(typeof jobs.find(2, 1e9), 'object');
  });

  it('on their way out get no more time by a newer job, whatever its target', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 20));
    jobs.add(own(2, 30), 0);
    jobs.add(own(3, 35), 5000);
    jobs.add(own(4, 20), 6000);
    assert.equal(jobs.find(1, EASY_JOB_GRACE_MS), 'stale');
    assert.equal(typeof jobs.find(2, EASY_JOB_GRACE_MS), 'object');
    assert.equal(jobs.find(2, 5000 + EASY_JOB_GRACE_MS), 'stale');
    assert.equal(typeof jobs.find(4, 1e9), 'object');
  });

  it('on their way out get the time back in which the channel was cut', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 20));
    jobs.add(own(2, 30), 0);
    jobs.prolong(100_000);
    assert.equal(typeof jobs.find(1, 100_000 + EASY_JOB_GRACE_MS - 1), 'object');
    assert.equal(jobs.find(1, 100_000 + EASY_JOB_GRACE_MS), 'stale');
  });

  it('stay where the newer job is easier', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 30));
    jobs.add(own(2, 10), 0);
    assert.equal(typeof jobs.find(1, 1e9), 'object');
  });

  it('are bounded', () => {
    const jobs = new ChannelJobs();
    for (let id = 1; id <= MAX_FUTURE_JOBS + 1; id++) jobs.announce(id, prefix);
    assert.ok(!jobs.isAnnounced(1) && jobs.isAnnounced(2));
    jobs.activate(own(100));
    for (let id = 101; id <= 100 + MAX_LIVE_JOBS; id++) jobs.add(own(id), 0);
    assert.equal(jobs.find(100, 0), 'stale');
    assert.ok(typeof jobs.find(101, 0) === 'object');
    for (let id = 1000; id < 1002 + MAX_STALE_IDS; id++) jobs.activate(own(id));
    assert.equal(jobs.find(1000, 0), 'unknown', 'too long ago to be told from never');
    assert.equal(jobs.find(1002, 0), 'stale');
  });
});

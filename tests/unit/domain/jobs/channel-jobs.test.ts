import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ChannelJobs,
  MAX_FUTURE_JOBS,
  MAX_LIVE_JOBS,
  MAX_STALE_IDS,
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
    assert.equal(jobs.find(1), 'unknown');
    jobs.activate(own(1));
    assert.ok(!jobs.isAnnounced(1));
    assert.ok(typeof jobs.find(1) === 'object');
    jobs.activate(own(2));
    assert.equal(jobs.find(1), 'stale');
    assert.equal(jobs.find(3), 'unknown');
  });

  it('that were announced for another tip are stale once one is activated', () => {
    const jobs = new ChannelJobs();
    jobs.announce(1, prefix);
    jobs.announce(2, prefix);
    jobs.activate(own(2));
    assert.equal(jobs.find(1), 'stale');
  });

  it('keep their own target next to newer ones of the same tip', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 20));
    jobs.add(own(2, 25));
    const [old, newer] = [jobs.find(1), jobs.find(2)];
    assert.ok(typeof old === 'object' && old.k === 20);
    assert.ok(typeof newer === 'object' && newer.k === 25);
    assert.equal(jobs.newest, newer);
  });

  it('keep target and prefix when they come again', () => {
    const jobs = new ChannelJobs();
    jobs.activate(own(1, 20));
    jobs.add(own(1, 25));
    jobs.activate(own(1, 25));
    const job = jobs.find(1);
    assert.ok(typeof job === 'object' && job.k === 20);
  });

  it('are mined with the prefix that they were announced with', () => {
    const jobs = new ChannelJobs();
    const later = new Uint8Array(16).fill(1);
    jobs.announce(1, prefix);
    jobs.activate(own(1, 0, later));
    jobs.add(own(2, 0, later));
    const [old, newer] = [jobs.find(1), jobs.find(2)];
    assert.ok(typeof old === 'object' && old.extranoncePrefix === prefix);
    assert.ok(typeof newer === 'object' && newer.extranoncePrefix === later);
  });

  it('are bounded', () => {
    const jobs = new ChannelJobs();
    for (let id = 1; id <= MAX_FUTURE_JOBS + 1; id++) jobs.announce(id, prefix);
    assert.ok(!jobs.isAnnounced(1) && jobs.isAnnounced(2));
    jobs.activate(own(100));
    for (let id = 101; id <= 100 + MAX_LIVE_JOBS; id++) jobs.add(own(id));
    assert.equal(jobs.find(100), 'stale');
    assert.ok(typeof jobs.find(101) === 'object');
    for (let id = 1000; id < 1002 + MAX_STALE_IDS; id++) jobs.activate(own(id));
    assert.equal(jobs.find(1000), 'unknown', 'too long ago to be told from never');
    assert.equal(jobs.find(1002), 'stale');
  });
});

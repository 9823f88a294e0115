import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ChannelJob, ChannelJobs, EASY_JOB_GRACE_MS } from '../../../../domain/jobs/channel-jobs.ts';
import { liveJob, type Tip } from '../../../../domain/jobs/extended-job.ts';
import { FIRST_SESSION, SeenShares } from '../../../../domain/shares/seen-shares.ts';
import {
  BIP323_MASK,
  checkShare,
  hashShares,
  judgeWork,
  MAX_TIME_AHEAD,
  type ShareClaim,
  type ShareError,
  type ShareRules,
  type SubmittedShare,
  type Verdict,
} from '../../../../domain/shares/validate-share.ts';
import { coinbaseParts } from '../../../../protocols/bitcoin/coinbase.ts';
import { compactToTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex, utf8 } from '../../../../protocols/bytes.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';

const { hash } = await loadCrypto();

/** The job of the share tests in SRI's channels_sv2 (sv2/channels-sv2/src/server/extended.rs). */
function sriJob(versionRollingAllowed = true) {
  const { prefix, suffix } = coinbaseParts({
    version: 2,
    scriptPrefix: fromHex('5200'),
    tag: utf8('Sv2///'),
    extranonceLength: 32,
    sequence: 0xffffffff,
    outputs: [{ value: 5_000_000_000n, script: fromHex('0014ebe1b7dcc293ccaa0ee743a86f89df8258c208fc') }],
    templateOutputs: fromHex(
      '0000000000000000266a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9',
    ),
    templateOutputsCount: 1,
    locktime: 0,
  });
  return {
    id: 1,
    templateId: 1n,
    version: 0x20000000,
    versionRollingAllowed,
    coinbasePrefix: prefix,
    coinbaseSuffix: suffix,
    merklePath: [],
    withTag: () => assert.fail('no miner has a tag here'),
  };
}

/** A share on its whole way: its fields, its hash, its verdict. */
function validateShare(
  jobs: ChannelJobs,
  share: SubmittedShare,
  rules: ShareRules,
  claim: ShareClaim,
): Verdict | { readonly error: ShareError; readonly work?: undefined; readonly replay?: undefined } {
  const checked = checkShare(jobs, 8, share, rules);
  if (typeof checked === 'string') return { error: checked };
  const [hashed] = hashShares([checked], hash);
  assert.ok(hashed);
  return judgeWork(hashed, claim);
}

interface Circumstances {
  readonly now?: number;
  readonly clock?: number;
  readonly session?: number;
  readonly payee?: number;
}

interface Scene {
  readonly jobs: ChannelJobs;
  readonly tip: Tip;
  readonly job: ChannelJob;
  judge(share: SubmittedShare, changes?: Circumstances): string;
}

function scene(
  prevHashLe: string,
  nbits: number,
  minNtime: number,
  k: number,
  rolling = true,
  seen = new SeenShares(),
): Scene {
  const tip: Tip = {
    prevHashLe: fromHex(prevHashLe),
    nbits,
    minNtime,
    targetLe: targetToLeBytes(compactToTarget(nbits)),
    seen,
  };
  const extranoncePrefix = new Uint8Array(24);
  extranoncePrefix[23] = 1;
  const job = { live: liveJob(sriJob(rolling), tip), k, extranoncePrefix };
  const jobs = new ChannelJobs();
  jobs.activate(job);
  return {
    jobs,
    tip,
    job,
    judge(share, { now = minNtime + 60, clock = 0, session = FIRST_SESSION, payee = 1 } = {}) {
      const rules = { now, clock, versionMask: BIP323_MASK };
      const { error, work, replay } = validateShare(jobs, share, rules, { payee, session });
      if (error === undefined && work && !replay) tip.seen.add(work.hashLe, payee, session);
      const outcome = error ?? (replay ? 'replay' : 'valid');
      return work?.isBlock ? `${outcome}, block` : outcome;
    },
  };
}

const first: SubmittedShare = {
  job_id: 1,
  nonce: 0,
  ntime: 1745596971,
  version: 0x20000000,
  extranonce: fromHex('0100000000000000'),
};
const MAINNET_TIP = '17cd48869956dc99e01cd892e478e39dd563a0a3803b8bbe9e3e000000000000';
const REGTEST_TIP = 'fbaf6a2823577a5a3a334e20caece4249aaece9093c315e0c367d6bd33be1862';
const OTHER_TIP = '9a7cefe7dd7aa0ada4af57214ad6bf6b492200a2e3102c282149000000000000';

describe("SRI's share vectors", () => {
  it('valid_share meets 2^17 hashes and no more', () => {
    const share = { ...first, nonce: 16647, ntime: 1745611105 };
    const at17 = scene(MAINNET_TIP, 453040064, 1745611105, 17);
    const rules = { now: 1745611105, clock: 0, versionMask: BIP323_MASK };
    const { work } = validateShare(at17.jobs, share, rules, { payee: 1, session: FIRST_SESSION });
    assert.ok(work);
    assert.equal(
      toHex(reversed(work.hashLe)),
      '000054cc966c174fc21b056b994c0aa265c40126222040984f571230b9adde1f',
    );
    assert.equal(at17.judge(share), 'valid');
    assert.equal(scene(MAINNET_TIP, 453040064, 1745611105, 18).judge(share), 'difficulty-too-low');
    assert.equal(at17.judge(share), 'duplicate-share');
  });

  it('block_found meets the network target', () => {
    assert.equal(scene(REGTEST_TIP, 0x207fffff, 1745596910, 0).judge(first), 'valid, block');
  });

  it('does_not_meet_target meets nothing', () => {
    assert.equal(scene(OTHER_TIP, 453040064, 1745596910, 8).judge(first), 'difficulty-too-low');
  });
});

describe('validation of a share', () => {
  const base = () => scene(REGTEST_TIP, 453040064, 1745596910, 0);

  it('judges job, extranonce, time and version in this order', () => {
    const all = { ...first, job_id: 9, extranonce: new Uint8Array(3), ntime: 0, version: 0 };
    const { jobs, judge, tip } = base();
    assert.equal(judge(all), 'invalid-job-id');
    assert.equal(judge({ ...all, job_id: 1 }), 'bad-extranonce-size');
    assert.equal(judge({ ...first, ntime: 0, version: 0 }), 'invalid-share');
    assert.equal(judge({ ...first, version: 0 }), 'invalid-non-rollable-version-bit');
    assert.equal(judge(first), 'valid');
    jobs.activate({ live: liveJob({ ...sriJob(), id: 2 }, tip), k: 0, extranoncePrefix: new Uint8Array(24) });
    assert.equal(judge({ ...all, job_id: 1 }), 'stale-share');
  });

  it('takes times from the earliest to two hours ahead', () => {
    const { judge } = base();
    const now = 1745596980;
    for (const [ntime, outcome] of [
      [1745596909, 'invalid-share'],
      [1745596910, 'valid'],
      [now + MAX_TIME_AHEAD, 'valid'],
      [now + MAX_TIME_AHEAD + 1, 'invalid-share'],
    ] as const) {
      assert.equal(judge({ ...first, ntime }, { now }), outcome);
    }
  });

  it('takes each bit of BIP323 and no other', () => {
    const { judge } = base();
    for (let bit = 0; bit < 32; bit++) {
      const version = (first.version ^ (1 << bit)) >>> 0;
      const rollable = bit >= 5 && bit < 29;
      assert.equal(judge({ ...first, version }), rollable ? 'valid' : 'invalid-non-rollable-version-bit');
    }
  });

  it('takes no other version where rolling is not allowed', () => {
    const { judge } = scene(REGTEST_TIP, 453040064, 1745596910, 0, false);
    assert.equal(judge({ ...first, version: 0x20000020 }), 'version-rolling-not-allowed');
    assert.equal(judge(first), 'valid');
  });

  it('takes no other version where no bit may be rolled', () => {
    const { jobs } = base();
    const rules = { now: 1745596980, clock: 0, versionMask: 0 };
    const claim = { payee: 1, session: FIRST_SESSION };
    const rolled = validateShare(jobs, { ...first, version: 0x20000020 }, rules, claim);
    assert.equal(rolled.error, 'version-rolling-not-allowed');
    assert.equal(validateShare(jobs, first, rules, claim).error, undefined);
  });

  it('finds blocks whatever the share target, and none twice', () => {
    const { judge } = scene(REGTEST_TIP, 0x207fffff, 1745596910, 40);
    assert.equal(judge(first), 'difficulty-too-low, block');
    const paid = scene(REGTEST_TIP, 0x207fffff, 1745596910, 0);
    assert.equal(paid.judge(first), 'valid, block');
    assert.equal(paid.judge(first), 'duplicate-share');
  });

  it('goes by the target of the tip, which may be harder than its bits', () => {
    const { jobs, tip } = base();
    const strict = { ...tip, targetLe: new Uint8Array(32) };
    jobs.activate({ live: liveJob(sriJob(), strict), k: 0, extranoncePrefix: new Uint8Array(24) });
    const rules = { now: 1745596980, clock: 0, versionMask: BIP323_MASK };
    const { error, work } = validateShare(jobs, first, rules, { payee: 1, session: FIRST_SESSION });
    assert.ok(error === undefined && work && !work.isBlock);
  });

  it('takes a share that was stored for the same payee as a replay, and for another as a duplicate', () => {
    const { judge } = base();
    assert.equal(judge(first), 'valid');
    assert.equal(judge(first, { session: FIRST_SESSION + 1 }), 'replay');
    assert.equal(judge(first, { session: FIRST_SESSION + 1, payee: 2 }), 'duplicate-share');
  });

  it('takes shares of a much easier job at its own target for a while, and none afterwards', () => {
    const { jobs, job, judge, tip } = base();
    const harder = { ...job, live: liveJob({ ...sriJob(), id: 2 }, tip), k: 40 };
    jobs.add(harder, 1000);
    const end = 1000 + EASY_JOB_GRACE_MS;
    assert.equal(judge(first, { clock: end - 1 }), 'valid');
    assert.equal(judge({ ...first, nonce: 1 }, { clock: end }), 'stale-share');
    assert.equal(judge({ ...first, job_id: 2 }, { clock: end }), 'difficulty-too-low');
  });

  it('takes no more shares than can be told apart, and blocks even then', () => {
    const { judge } = scene(REGTEST_TIP, 0x207fffff, 1745596910, 0, true, new SeenShares(1));
    assert.equal(judge(first), 'valid, block');
    assert.equal(judge(first), 'duplicate-share');
    const outcomes = Array.from({ length: 16 }, (_, i) => judge({ ...first, nonce: 1 + i }));
    assert.deepEqual(new Set(outcomes), new Set(['too-many-shares', 'too-many-shares, block']));
  });
});

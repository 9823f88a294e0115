import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelJob } from '../../../../domain/jobs/channel-jobs.ts';
import { UpstreamWork } from '../../../../domain/jobs/upstream-work.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { hashShares } from '../../../../domain/shares/validate-share.ts';
import { fromHex } from '../../../../protocols/bytes.ts';
import { meetsTarget, submitParams } from '../../../../roles/pool/sv1-upstream/submission.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { headerOf, jobOfNotify } from '../../../harness/sv1-work.ts';

const { hash } = await loadCrypto();
const MASK = 0x1fffe000;
const NOTIFY = ['1a', '11'.repeat(32), '0100000001', 'ffffffff', ['22'.repeat(32)], '20000000', '1d00ffff'];

/** A share of a channel with prefix 0007 that rolled 01020304, at an upstream that gives 8 bytes. */
function share(version: number) {
  const fields = {
    jobId: '1a',
    prevHashLe: fromHex('11'.repeat(32)),
    coinbasePrefix: fromHex('0100000001'),
    coinbaseSuffix: fromHex('ffffffff'),
    merklePath: [fromHex('22'.repeat(32))],
    version: 0x20000000,
    nbits: 0x1d00ffff,
    ntime: 1_700_000_000,
    cleanJobs: true,
  };
  const extranonce = { extranonce1: fromHex('aabbccdd'), extranonce2Size: 8 };
  const work = new UpstreamWork(1);
  const job = { number: 1n, fields, extranonce, versionMask: MASK, isClean: true };
  const { live } = work.take(job, new SeenShares(), 6);
  const renewed = work.renew(live.job.id) ?? live;
  const mined: ChannelJob = { live: renewed, k: 0, extranoncePrefix: fromHex('0007') };
  const rolled = { job_id: renewed.job.id, nonce: 0xdeadbeef, ntime: 1_700_000_042, version };
  const checked = { job: mined, share: { ...rolled, extranonce: fromHex('01020304') } };
  const [hashed] = hashShares([checked], hash);
  assert.ok(hashed);
  return hashed;
}

const terms = { user: 'somebody.rig', jobId: '1a', extranonce2Size: 8, versionMask: MASK };

test('what goes up makes the same header there', () => {
  const work = share(0x20a0_2000);
  const params = submitParams(work, terms);
  assert.deepEqual(params, ['somebody.rig', '1a', '0001000701020304', '6553f12a', 'deadbeef', '00a02000']);
  const header = headerOf(jobOfNotify([...NOTIFY, '6553f100', true]), {
    extranonce1: 'aabbccdd',
    extranonce2: '0001000701020304',
    ntime: '6553f12a',
    nonce: 0xdeadbeef,
    version: (0x20000000 & ~MASK) | 0x00a02000,
  });
  assert.equal(header.toString('hex'), Buffer.from(work.header).toString('hex'));
});

test('without version rolling there is no sixth parameter, and bits that are not allowed any more do not go up', () => {
  const none = { ...terms, versionMask: 0 };
  assert.equal(submitParams(share(0x20000000), none)?.length, 5);
  assert.equal(submitParams(share(0x20002000), none), undefined);
  assert.equal(submitParams(share(0x20a0_2000), { ...terms, versionMask: 0x00ffe000 })?.[5], '00a02000');
  assert.equal(submitParams(share(0x20a0_2000), { ...terms, versionMask: 0x0000e000 }), undefined);
});

test('a share meets a target that its hash is at most', () => {
  const work = share(0x20000000);
  const number = BigInt(`0x${Buffer.from(work.hashLe).reverse().toString('hex')}`);
  assert.equal(meetsTarget(work, number), true);
  assert.equal(meetsTarget(work, number - 1n), false);
});

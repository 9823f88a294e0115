import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { layOutUpstream } from '../../../../domain/extranonce/layout.ts';
import { type UpstreamJob, UpstreamWork } from '../../../../domain/jobs/upstream-work.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { parseNotify } from '../../../../protocols/sv1/server-messages.ts';
import { fakeNotify } from '../../../harness/fake-sv1-upstream.ts';
import type { RawChannel } from '../../../harness/raw-miner.ts';
import { type TestPool, testPool } from './fixture.ts';

const MASK = 0x1fffe000;
let number = 0n;

function job(extranonce2Size: number, changes: Partial<UpstreamJob> = {}): UpstreamJob {
  const extranonce = { extranonce1: Uint8Array.of(1, 2, 3, 4), extranonce2Size };
  const fields = parseNotify(fakeNotify('job'));
  return { number: ++number, fields, extranonce, versionMask: MASK, isClean: false, ...changes };
}

/** A server that is fed by an upstream. */
async function fed(t: TestContext, extranonce2Size: number) {
  const pool: TestPool = await testPool(t);
  const work = new UpstreamWork(1000);
  const seen = new SeenShares();
  const feed = (source: UpstreamJob): void => {
    const layout = layOutUpstream(source.extranonce.extranonce2Size, undefined);
    assert.ok(layout);
    const { live, isTip } = work.take(source, seen, layout.fullBytes);
    pool.server.layOut(layout);
    if (isTip) pool.server.activate(live);
    else pool.server.add(live);
  };
  feed(job(extranonce2Size));
  return { pool, feed };
}

const told = (channel: RawChannel, jobId: number) =>
  channel.miner.next('NewExtendedMiningJob', ({ job_id }) => job_id > jobId);

describe("an upstream's work at the mining server", () => {
  it('is mined on standard and extended channels, whose extranonces fit into its own', async (t) => {
    const { pool } = await fed(t, 8);
    const miner = await pool.connect();
    const extended = await miner.open();
    const standard = await miner.openStandard();
    assert.deepEqual([extended.prefix.length, extended.extranonceSize], [2, 4]);
    assert.equal(standard.prefix.length, 6);
    assert.notDeepEqual(standard.prefix.slice(0, 2), extended.prefix);
    for (const channel of [extended, standard])
      assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  it('closes all channels where it leaves less than before, and opens them anew', async (t) => {
    const { pool, feed } = await fed(t, 8);
    const channel = await (await pool.connect()).open();
    feed(job(4));
    const { reason_code } = await channel.miner.next('CloseChannel');
    assert.equal(reason_code, 'extranonce-size-changed');
    const again = await channel.miner.open({ min_extranonce_size: 2 });
    assert.deepEqual([again.prefix.length, again.extranonceSize], [1, 2]);
    assert.equal(await again.submit(again.mine()), 'accepted');
    await assert.rejects(channel.miner.open({ min_extranonce_size: 3 }), /min-extranonce-size-too-large/);
  });

  it('takes no time before its job, and rolls no bits that it forbids', async (t) => {
    const { pool, feed } = await fed(t, 8);
    const channel = await (await pool.connect()).open();
    const early = channel.mine();
    const { fields } = job(8);
    const later = job(8, { fields: { ...fields, ntime: fields.ntime + 600 }, versionMask: 0 });
    feed(later);
    const { job_id, min_ntime, version_rolling_allowed } = await told(channel, early.job_id);
    assert.equal(min_ntime, later.fields.ntime);
    assert.equal(version_rolling_allowed, false);
    assert.equal(await channel.submit(early), 'accepted', 'the job before keeps its time');
    const share = { ...channel.mine(), ntime: later.fields.ntime };
    assert.equal(share.job_id, job_id);
    assert.equal(await channel.submit({ ...share, ntime: later.fields.ntime - 1 }), 'invalid-share');
    const rolled = { ...share, version: share.version ^ 0x2000 };
    assert.equal(await channel.submit(rolled), 'version-rolling-not-allowed');
    assert.equal(await channel.submit(share), 'accepted');
  });

  it('rolls the bits that it allows and no others', async (t) => {
    const { pool } = await fed(t, 8);
    const channel = await (await pool.connect()).open();
    const share = channel.mine();
    const low = await channel.submit({ ...share, version: share.version ^ 0x20 });
    assert.equal(low, 'invalid-non-rollable-version-bit', 'BIP323 would allow it, the upstream does not');
  });
});

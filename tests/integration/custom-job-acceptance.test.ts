import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeOutputs } from '../../protocols/bitcoin/output.ts';
import { concatBytes, fromHex } from '../../protocols/bytes.ts';
import { type MiningMessage, miningProtocol, REQUIRES_WORK_SELECTION } from '../../protocols/sv2/mining.ts';
import { templateDistributionProtocol } from '../../protocols/sv2/template-distribution.ts';
import { offerOf } from '../harness/declared-job.ts';
import type { Onward, Passing } from '../harness/interceptor.ts';
import { answer, declared, type JobScene, jobScene, type SetJob, share } from '../harness/job-scene.ts';
import { RawChannel } from '../harness/raw-miner.ts';

/*
 * Custom jobs at the pool while frames are lost, late or in another order: a tip race is nobody's mistake, and no job of
 * an honest client is lost by it. Each test begins with the line of the acceptance list that it belongs to, or `race`.
 */

const USER = 'miner.rig';

/** A gate for frames: while it is shut they wait, and go on in their order when it opens. */
function gate(isHeld: (frame: Uint8Array) => boolean) {
  let opening = Promise.withResolvers<void>();
  opening.resolve();
  return {
    shut() {
      opening = Promise.withResolvers<void>();
    },
    open: () => opening.resolve(),
    async pass({ frame }: Passing): Promise<Onward> {
      if (isHeld(frame)) await opening.promise;
      return [frame];
    },
  };
}

const isTip = (frame: Uint8Array) =>
  templateDistributionProtocol.decode(frame).message.name === 'SetNewPrevHash';

/** The scene with its miner behind somebody who decides on each message. */
async function through(
  scene: JobScene,
  pass: (message: MiningMessage, frame: Uint8Array) => Onward | Promise<Onward>,
): Promise<JobScene> {
  const miner = await scene.connectThrough(({ frame }) => pass(miningProtocol.decode(frame).message, frame), {
    flags: REQUIRES_WORK_SELECTION,
  });
  const opened = await miner.ask({ user_identity: USER });
  assert.equal(opened.name, 'OpenExtendedMiningChannel.Success');
  const channel = new RawChannel(miner, opened);
  return { ...scene, miner, channel, extranoncePrefix: opened.extranonce_prefix };
}

async function isMined(scene: JobScene, job: SetJob, id: number | string): Promise<void> {
  assert.equal(typeof id, 'number', String(id));
  assert.equal(await scene.channel.submit(share(scene, job, Number(id), 1)), 'accepted');
}

test('race: a job that is a tip ahead of the pool waits for it, and is taken', async (t) => {
  const tips = gate(isTip);
  const scene = await jobScene(t, { atProvider: (passing) => tips.pass(passing) });
  tips.shut();
  await scene.node.generate(1);
  const job = await declared(scene);
  const answered = answer(scene, job);
  await delay(1_000);
  assert.ok(
    !scene.miner.received.some(({ name }) => name.startsWith('SetCustomMiningJob')),
    'not answered before the pool knows the tip',
  );
  tips.open();
  await isMined(scene, job, await answered);
});

test('race: a job whose tip the pool does not hear of in time is stale, its token is not used, and there is no reason to leave', async (t) => {
  const tips = gate(isTip);
  const scene = await jobScene(t, { atProvider: (passing) => tips.pass(passing) });
  tips.shut();
  await scene.node.generate(1);
  const job = await declared(scene);
  assert.equal(await answer(scene, job), 'stale-chain-tip');
  tips.open();
  await isMined(scene, { ...job, request_id: 8 }, await answer(scene, { ...job, request_id: 8 }));
});

test('race: a job that is held up until its tip is gone is stale, and the next one is taken', async (t) => {
  const jobs = Promise.withResolvers<void>();
  const scene = await through(await jobScene(t), async ({ name }, frame) => {
    if (name === 'SetCustomMiningJob') await jobs.promise;
    return [frame];
  });
  const old = await declared(scene, 7);
  const answered = answer(scene, old);
  await scene.node.generate(1);
  const next = await declared(scene, 8);
  jobs.resolve();
  assert.equal(await answered, 'stale-chain-tip');
  await isMined(scene, next, await answer(scene, next));
});

test('jdc_cached_shares: a job whose acceptance is lost on the way is the same when it is declared again', async (t) => {
  let lost: number | undefined;
  const scene = await through(await jobScene(t), (message, frame) => {
    if (message.name !== 'SetCustomMiningJob.Success' || lost !== undefined) return [frame];
    lost = message.job_id;
    return [];
  });
  const job = await declared(scene, 7);
  scene.miner.send(job);
  const token = (await declared(scene, 8)).mining_job_token;
  const id = await answer(scene, { ...job, request_id: 8, mining_job_token: token });
  assert.equal(id, lost);
  await isMined(scene, job, id);
});

test('race: jobs that arrive in another order are each answered, and both are mined', async (t) => {
  let held: Uint8Array | undefined;
  const scene = await through(await jobScene(t), ({ name }, frame) => {
    if (name !== 'SetCustomMiningJob') return [frame];
    if (held === undefined) {
      held = frame;
      return [];
    }
    return [frame, held];
  });
  const first = await declared(scene, 7);
  await scene.spendCoin();
  // The node makes another template no sooner than some seconds after the one before.
  while ((await offerOf(scene.node)).transactions.length === 0) await delay(100);
  const second = await declared(scene, 8);
  assert.notDeepEqual(second.merkle_path, first.merkle_path);
  const answers = [answer(scene, first), answer(scene, second)] as const;
  await isMined(scene, second, await answers[1]);
  await isMined(scene, first, await answers[0]);
});

test('pool_does_not_send_jobs_to_jdc: neither jobs nor tips, not even after a block', async (t) => {
  const scene = await jobScene(t);
  await scene.node.generate(1);
  const job = await declared(scene);
  await isMined(scene, job, await answer(scene, job));
  const names = scene.miner.received.map(({ name }) => name);
  for (const name of ['NewExtendedMiningJob', 'NewMiningJob', 'SetNewPrevHash'])
    assert.ok(!names.some((each) => each === name), name);
});

test('refused: a client that declares honestly and then keeps a part of the reward', async (t) => {
  const scene = await jobScene(t);
  await scene.spendCoin();
  const job = await declared(scene);
  const own = fromHex('00145fb77a3b1a3f29a2c3d7a2dd2a2bd1c2a2b3c4d5');
  const outputs = (...values: [bigint, string][]) =>
    concatBytes(
      Uint8Array.of(values.length),
      encodeOutputs(values.map(([value, script]) => ({ value, script: fromHex(script) }))),
    );
  const pool = '51';
  const kept: [Uint8Array, string][] = [
    // One satoshi to the pool and the rest to oneself.
    [outputs([1n, pool], [4_999_999_999n, Buffer.from(own).toString('hex')]), 'invalid-coinbase-tx-outputs'],
    [outputs([5_000_000_000n, Buffer.from(own).toString('hex')]), 'invalid-coinbase-tx-outputs'],
    [outputs([0n, pool]), 'invalid-coinbase-tx-outputs'],
    // All to the pool, but less than was declared: the rest is nobody's.
    [outputs([1n, pool]), 'invalid-coinbase-tx-outputs'],
    [outputs([5_000_000_000n, pool]), 'invalid-coinbase-tx-outputs'],
  ];
  for (const [coinbase_tx_outputs, code] of kept)
    assert.equal(await answer(scene, { ...job, coinbase_tx_outputs }), code);
  await isMined(scene, job, await answer(scene, job));
});

test('refused: a token of a job that was declared for another channel name, a token that has expired', async (t) => {
  const scene = await jobScene(t, { jdConfig: ['token_validity_sec = 10'] });
  const job = await declared(scene);
  await delay(11_000);
  assert.equal(await answer(scene, job), 'invalid-mining-job-token');
  const stranger = await scene.pool.connect({ flags: REQUIRES_WORK_SELECTION });
  const opened = await stranger.ask({ user_identity: 'miner.other' });
  assert.equal(opened.name, 'OpenExtendedMiningChannel.Success');
  const fresh = { ...(await declared(scene, 9)), channel_id: opened.channel_id };
  assert.equal(await answer({ miner: stranger }, fresh), 'invalid-mining-job-token');
  await isMined(scene, fresh, await answer(scene, { ...fresh, channel_id: scene.channel.id }));
});

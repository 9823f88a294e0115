import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { heightPush } from '../../protocols/bitcoin/script.ts';
import { concatBytes, fromHex, reversed } from '../../protocols/bytes.ts';
import { REQUIRES_WORK_SELECTION } from '../../protocols/sv2/mining.ts';
import { declarationOf, offerOf } from '../harness/declared-job.ts';
import { jdClient, jdServer } from '../harness/jd-server.ts';
import {
  allocate,
  answer,
  declared,
  HOUSE_KEY,
  jobScene,
  type SetJob,
  setJob,
  share,
} from '../harness/job-scene.ts';
import { poolScene } from '../harness/pool-scene.ts';
import { RawChannel } from '../harness/raw-miner.ts';

test('a declared job is mined, paid, and stale with its tip', async (t) => {
  const all = await jobScene(t);
  const job = await declared(all);
  const id = await answer(all, job);
  assert.equal(typeof id, 'number', String(id));
  const first = share(all, job, Number(id));
  assert.equal(await all.channel.submit(first), 'accepted');
  assert.equal(await all.channel.submit(first), 'duplicate-share');
  assert.equal(await all.channel.submit({ ...first, job_id: 3 }), 'invalid-job-id');
  assert.equal(await all.channel.submit(share(all, job, Number(id), 1)), 'accepted');
  const names = new Set(all.miner.received.map(({ name }) => name));
  assert(
    !names.has('NewExtendedMiningJob') && !names.has('SetNewPrevHash'),
    'the client makes its jobs itself',
  );

  await all.node.generate(1);
  const next = await declared(all, 8);
  assert.equal(typeof (await answer(all, next)), 'number');
  assert.equal(await all.channel.submit(share(all, job, Number(id), 2)), 'stale-share');
  assert.equal(
    await answer(all, { ...job, request_id: 9, mining_job_token: (await declared(all)).mining_job_token }),
    'stale-chain-tip',
  );
});

test('a tip that is told again, by a template provider that was started again, outdates no job', async (t) => {
  const all = await jobScene(t);
  const job = await declared(all);
  const id = Number(await answer(all, job));
  const first = share(all, job, id);
  assert.equal(await all.channel.submit(first), 'accepted');
  const other = await all.pool.connect();
  await other.open({ user_identity: 'other.rig' });
  const from = other.received.length;
  await all.provider.role.restart();
  await other.next('NewExtendedMiningJob', () => true, from);
  assert.ok(!other.received.slice(from).some(({ name }) => name === 'SetNewPrevHash'), 'its jobs stay good');
  assert.equal(await all.channel.submit(share(all, job, id, 1)), 'accepted');
  assert.equal(await all.channel.submit(first), 'duplicate-share');
});

test('what differs from what was declared is refused, and a token is for one job', async (t) => {
  const all = await jobScene(t);
  const job = await declared(all);
  const own = fromHex('0152');
  const changed: [Partial<SetJob>, string][] = [
    [{ channel_id: 99 }, 'invalid-channel-id'],
    [{ nbits: job.nbits - 1 }, 'invalid-nbits'],
    [{ min_ntime: 1 }, 'invalid-min-ntime'],
    [{ min_ntime: job.min_ntime + 100_000 }, 'invalid-min-ntime'],
    [{ version: 3 }, 'invalid-version'],
    [{ version: job.version ^ 1 }, 'invalid-version'],
    [{ coinbase_tx_version: 1 }, 'invalid-coinbase-tx-version'],
    [{ coinbase_tx_locktime: 0 }, 'invalid-coinbase-tx-locktime'],
    [{ coinbase_tx_locktime: 1_000 }, 'invalid-coinbase-tx-locktime'],
    [{ coinbase_tx_input_nSequence: 0 }, 'invalid-coinbase-tx-input-n-sequence'],
    [{ merkle_path: [new Uint8Array(32)] }, 'invalid-merkle-path'],
    [{ merkle_path: Array(16).fill(new Uint8Array(32)) }, 'invalid-merkle-path'],
    [{ coinbase_prefix: concatBytes(job.coinbase_prefix, fromHex('00')) }, 'invalid-coinbase-prefix'],
    [{ coinbase_prefix: concatBytes(job.coinbase_prefix, new Uint8Array(90)) }, 'invalid-coinbase-tx'],
    [{ coinbase_prefix: new Uint8Array(100) }, 'invalid-coinbase-prefix'],
    [
      { coinbase_tx_outputs: concatBytes(job.coinbase_tx_outputs, fromHex('00')) },
      'invalid-coinbase-tx-outputs',
    ],
    [{ coinbase_tx_outputs: concatBytes(fromHex('010100000000000000'), own) }, 'invalid-coinbase-tx-outputs'],
    [{ mining_job_token: new Uint8Array(184) }, 'invalid-mining-job-token'],
    [
      { mining_job_token: job.mining_job_token.map((byte, i) => (i === 183 ? byte ^ 1 : byte)) },
      'invalid-mining-job-token',
    ],
    [{ prev_hash: Uint8Array.from(randomBytes(32)) }, 'stale-chain-tip'],
  ];
  for (const [change, code] of changed)
    assert.equal(await answer(all, { ...job, ...change }), code, Object.keys(change).join());
  // None of this has used the token up, and once it is, it is.
  assert.equal(typeof (await answer(all, job)), 'number');
  assert.equal(await answer(all, { ...job, request_id: 8 }), 'invalid-mining-job-token');
});

test('the same job by another token is the one that is there, with its target', async (t) => {
  const all = await jobScene(t);
  const job = await declared(all);
  const id = await answer(all, job);
  const offer = await offerOf(all.node);
  const declaration = declarationOf(offer, await allocate(all.jd));
  all.jd.send(declaration);
  const { new_mining_job_token } = await all.jd.next('DeclareMiningJob.Success');
  assert.equal(await answer(all, { ...job, request_id: 8, mining_job_token: new_mining_job_token }), id);
});

test('a token of somebody else, or of another jd-server, is refused', async (t) => {
  const all = await jobScene(t);
  const stranger = await jdServer(t, { ...all.node, rewardScript: 'raw(51)' });
  const foreign = { ...all, jd: await jdClient(t, stranger) };
  assert.equal(await answer(all, await declared(foreign)), 'invalid-mining-job-token');
  const opened = await all.miner.ask({ user_identity: 'somebody.else' });
  assert.equal(opened.name, 'OpenExtendedMiningChannel.Success');
  const job = await declared(all);
  assert.equal(
    await answer(all, { ...job, channel_id: new RawChannel(all.miner, opened).id }),
    'invalid-mining-job-token',
  );
  assert.equal(typeof (await answer(all, job)), 'number');
});

test('a job whose transactions nobody has seen pays the subsidy at least, where such are taken', async (t) => {
  for (const isTaken of [false, true]) {
    const all = await jobScene(t, {
      config: [`jd_coinbase_only = ${isTaken}`],
      jdConfig: ['full_template_mode_required = false'],
      flags: 0,
    });
    const offer = await offerOf(all.node);
    const paying = async (value: bigint, requestId: number) => {
      const token = await allocate(all.jd);
      const pay = (_: bigint, outputs: readonly { value: bigint; script: Uint8Array }[]) =>
        outputs.map((output, i) => (i === 0 ? { ...output, value } : output));
      const declaration = declarationOf(offer, token, { pay });
      return answer(
        all,
        setJob(all.channel.id, offer, declaration, { token: token.mining_job_token, requestId }),
      );
    };
    const subsidy = BigInt(offer.coinbasevalue);
    if (!isTaken) assert.equal(await paying(subsidy, 1), 'job-not-yet-validated');
    else {
      assert.equal(await paying(subsidy - 1n, 1), 'invalid-coinbase-tx-outputs');
      assert.equal(typeof (await paying(subsidy, 2)), 'number');
      assert.equal(typeof (await paying(subsidy + 5_000n, 3)), 'number');
    }
  }
});

test('a pool without a jd-server says so', async (t) => {
  const { pool, node } = await poolScene(t, { config: [HOUSE_KEY] });
  const miner = await pool.connect({ flags: REQUIRES_WORK_SELECTION });
  const opened = await miner.ask();
  assert.equal(opened.name, 'OpenExtendedMiningChannel.Success');
  const offer = await offerOf(node);
  const job: SetJob = {
    name: 'SetCustomMiningJob',
    channel_id: opened.channel_id,
    request_id: 3,
    mining_job_token: new Uint8Array(184),
    version: offer.version,
    prev_hash: reversed(fromHex(offer.previousblockhash)),
    min_ntime: offer.curtime,
    nbits: Number.parseInt(offer.bits, 16),
    coinbase_tx_version: 2,
    coinbase_prefix: heightPush(offer.height),
    coinbase_tx_input_nSequence: 0,
    coinbase_tx_outputs: fromHex('00'),
    coinbase_tx_locktime: 0,
    merkle_path: [],
  };
  assert.equal(await answer({ miner }, job), 'jd-not-supported');
});

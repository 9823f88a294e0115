import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { JOB_DECLARATION_PROTOCOL } from '../../protocols/sv2/common.ts';
import { encodeWorkerName, WORKER_NAMES } from '../../protocols/sv2/extensions/worker-names.ts';
import {
  type MiningMessage,
  miningProtocol,
  REQUIRES_STANDARD_JOBS,
  REQUIRES_WORK_SELECTION,
} from '../../protocols/sv2/mining.ts';
import { type PoolScene, poolScene } from '../harness/pool-scene.ts';
import type { RawChannel, RawMiner } from '../harness/raw-miner.ts';
import { until } from '../harness/template-client.ts';

/** What SRI's integration tests ask of a pool towards its clients, one each, against a real bitcoind. */

const user_identity = encodeHpub(
  fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
);
const MEMBERS = 10;
const SETUP_CONNECTION = 0x00;
/** By then whatever would come too much has come. */
const SETTLE_MS = 300;

/** Name and addressee of all messages from `from` on. */
async function addressed(miner: RawMiner, from: number): Promise<string[]> {
  await delay(SETTLE_MS);
  return miner.received
    .slice(from)
    .map((message) => `${message.name} ${'channel_id' in message ? message.channel_id : ''}`);
}

/** Changes the client's SetupConnection on its way. */
function setupChanged(change: Partial<Extract<MiningMessage, { name: 'SetupConnection' }>>) {
  return ({ header, frame }: { header: { type: number }; frame: Uint8Array }): Uint8Array[] => {
    if (header.type !== SETUP_CONNECTION) return [frame];
    const { message } = miningProtocol.decode(frame);
    assert.ok(message.name === 'SetupConnection');
    return [miningProtocol.encode({ ...message, ...change })];
  };
}

/** Ten channels in one group: own job and prev hash at open, then one of each for all of them. */
async function groupOf(
  { pool, node, spendCoin }: PoolScene,
  open: (miner: RawMiner) => Promise<RawChannel>,
  jobName: 'NewMiningJob' | 'NewExtendedMiningJob',
): Promise<void> {
  const miner = await pool.connect();
  const channels: RawChannel[] = [];
  for (let i = 0; i < MEMBERS; i++) channels.push(await open(miner));
  assert.deepEqual(new Set(channels.map(({ groupId }) => groupId)), new Set([1]));
  assert.equal(new Set(channels.map(({ prefix }) => toHex(prefix))).size, MEMBERS);
  for (const { id } of channels) {
    const own = miner.received.filter((message) => 'channel_id' in message && message.channel_id === id);
    assert.deepEqual(
      own.slice(1).map(({ name }) => name),
      [jobName, 'SetNewPrevHash'],
    );
  }

  let from = miner.received.length;
  await spendCoin();
  await miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null, from);
  assert.deepEqual(await addressed(miner, from), ['NewExtendedMiningJob 1']);
  for (const channel of channels) assert.equal(await channel.submit(channel.mine()), 'accepted');

  from = miner.received.length;
  await node.generate(1);
  const tip = await miner.next('SetNewPrevHash', () => true, from);
  const told = await addressed(miner, from);
  assert.deepEqual(
    told.filter((words) => words.startsWith('SetNewPrevHash')),
    ['SetNewPrevHash 1'],
  );
  assert.ok(told.every((words) => words.endsWith(' 1')));
  assert.ok(channels.every(({ prevHash }) => prevHash === tip));
  for (const channel of channels) assert.equal(await channel.submit(channel.mine()), 'accepted');
}

test('a pool does as SRI asks of it:', async (t) => {
  const scene = await poolScene(t);
  const { pool, mint, node, spendCoin, connectThrough } = scene;

  await t.test('a connection for another protocol, or another version of it, is refused', async () => {
    const good = await (await pool.connect()).open({ user_identity });
    for (const [change, code] of [
      [{ protocol: JOB_DECLARATION_PROTOCOL }, /unsupported-protocol/],
      [{ min_version: 3, max_version: 3 }, /protocol-version-mismatch/],
      [{ min_version: 1, max_version: 1 }, /protocol-version-mismatch/],
      [{ flags: 0x8000 }, /unsupported-feature-flags/],
    ] as const) {
      await assert.rejects(connectThrough(setupChanged(change)), { message: code });
    }
    assert.equal(await good.submit(good.mine()), 'accepted', 'and others are not touched by it');
  });

  await t.test('a standard channel gets a job and a prev hash, and its share is accepted', async () => {
    const miner = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
    const channel = await miner.openStandard({ user_identity });
    const [, job, tip] = miner.received;
    assert.ok(job?.name === 'NewMiningJob' && tip?.name === 'SetNewPrevHash');
    assert.deepEqual([job.channel_id, job.min_ntime], [channel.id, null]);
    assert.deepEqual([tip.channel_id, tip.job_id], [channel.id, job.job_id]);
    assert.equal(channel.groupId, 0);
    const share = channel.mine();
    assert.equal(await channel.submit(share), 'accepted');
    const refused = await miner.ask({ user_identity });
    assert.equal(
      refused.name === 'OpenMiningChannel.Error' && refused.error_code,
      'extended-channels-not-supported-for-standard-jobs',
    );
    const header = toHex(channel.proof(share).header);
    await until(() => mint.shares.some((each) => toHex(each.header) === header), 'the share at the mint');
  });

  await t.test('ten extended channels of a group share one job and one prev hash', () =>
    groupOf(scene, (miner) => miner.open({ user_identity }), 'NewExtendedMiningJob'),
  );

  await t.test('ten standard channels of a group share one job and one prev hash', () =>
    groupOf(scene, (miner) => miner.openStandard({ user_identity }), 'NewMiningJob'),
  );

  await t.test(
    "a job for the present tip has the prev hash's time as its earliest, and not the present",
    async () => {
      const [extended, standard] = [
        await pool.connect(),
        await pool.connect({ flags: REQUIRES_STANDARD_JOBS }),
      ];
      await extended.open({ user_identity });
      await standard.openStandard({ user_identity });
      await delay(1100);
      await spendCoin();
      for (const [miner, name] of [
        [extended, 'NewExtendedMiningJob'],
        [standard, 'NewMiningJob'],
      ] as const) {
        const job = await miner.next(name, ({ min_ntime }) => min_ntime !== null);
        const tip = await miner.next('SetNewPrevHash');
        assert.equal(job.min_ntime, tip.min_ntime);
      }
    },
  );

  await t.test('a client that selects its work is sent neither jobs nor prev hashes', async () => {
    const miner = await pool.connect({ flags: REQUIRES_WORK_SELECTION });
    const opened = await miner.ask({ user_identity });
    assert.ok(opened.name === 'OpenExtendedMiningChannel.Success');
    const refused = await miner.askStandard({ user_identity });
    assert.equal(
      refused.name === 'OpenMiningChannel.Error' && refused.error_code,
      'standard-channels-not-supported-for-custom-work',
    );
    const other = await pool.connect();
    await other.open({ user_identity });
    await spendCoin();
    await other.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    await node.generate(1);
    await other.next('SetNewPrevHash', () => true, other.received.length);
    const others = ['NewExtendedMiningJob', 'NewMiningJob', 'SetNewPrevHash'];
    assert.ok(miner.received.every(({ name }) => !others.includes(name)));
  });

  await t.test(
    'without job declaration a custom job is refused, for its channel and by its request',
    async () => {
      const miner = await pool.connect({ flags: REQUIRES_WORK_SELECTION });
      const opened = await miner.ask({ user_identity });
      assert.ok(opened.name === 'OpenExtendedMiningChannel.Success');
      const { channel_id } = opened;
      const tip = { prev_hash: new Uint8Array(32), min_ntime: 0, nbits: 0x207fffff };
      miner.send({
        name: 'SetCustomMiningJob',
        channel_id,
        request_id: 77,
        mining_job_token: Uint8Array.of(1),
        version: 0x20000000,
        ...tip,
        coinbase_tx_version: 2,
        coinbase_prefix: Uint8Array.of(0x52, 0x00),
        coinbase_tx_input_nSequence: 0xffffffff,
        coinbase_tx_outputs: Uint8Array.of(0),
        coinbase_tx_locktime: 0,
        merkle_path: [],
      });
      const error = await miner.next('SetCustomMiningJob.Error');
      assert.deepEqual(
        [error.channel_id, error.request_id, error.error_code],
        [channel_id, 77, 'jd-not-supported'],
      );
    },
  );

  await t.test('worker names are negotiated, and go with each share', async () => {
    const answers: string[] = [];
    const miner = await connectThrough(
      ({ direction, frame }) => {
        if (direction === 'to-client') answers.push(miningProtocol.decode(frame).message.name);
        return [frame];
      },
      { extensions: [WORKER_NAMES] },
    );
    assert.deepEqual(answers, ['SetupConnection.Success', 'RequestExtensions.Success']);
    const channel = await miner.open({ user_identity });
    for (const name of ['SRI-miner', '', 'ä'.repeat(16)]) {
      assert.equal(await channel.submit(channel.mine(), [encodeWorkerName(name)]), 'accepted');
    }
    assert.equal(await channel.submit(channel.mine()), 'accepted');
    const tooLong = { ...encodeWorkerName(''), value: new Uint8Array(33).fill(0x61) };
    assert.equal(await channel.submit(channel.mine(), [tooLong]), 'invalid-share');
    const workers = () => scene.pool.role.status.figures['workers'];
    await until(() => workers() === 3, `figure for three workers, but ${workers()}`);
  });

  await t.test(
    'for a planned move all miners are asked to connect again, and stay until they do',
    async () => {
      const channels = [
        await (await pool.connect()).open({ user_identity }),
        await (await pool.connect({ flags: REQUIRES_STANDARD_JOBS })).openStandard({ user_identity }),
      ];
      process.kill(pool.role.pid, 'SIGUSR2');
      for (const channel of channels) {
        const { new_host, new_port } = await channel.miner.next('Reconnect');
        assert.deepEqual([new_host, new_port], ['', 0], 'to the name and port that they know');
        assert.equal(await channel.submit(channel.mine()), 'accepted');
      }
    },
  );
});

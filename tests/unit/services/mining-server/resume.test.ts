import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { ExtranonceAllocator, MAX_PREFIXES } from '../../../../domain/extranonce/allocator.ts';
import { EASY_JOB_GRACE_MS } from '../../../../domain/jobs/channel-jobs.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  RESUME_TOKEN_FIELD,
} from '../../../../protocols/ehash/extension.ts';
import { allocatePrefix } from '../../../../services/mining-server/open-channel.ts';
import { KEY, OTHER_KEY, type TestPool, testPool } from './fixture.ts';

const newToken = () => Uint8Array.from(randomBytes(16));
const tlvs = (token: Uint8Array, key = KEY) => [
  { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: key },
  { extension: EHASH_EXTENSION, field: RESUME_TOKEN_FIELD, value: token },
];
const connect = (pool: TestPool) => pool.connect({ extensions: [EHASH_EXTENSION] });

async function openWith(pool: TestPool, token: Uint8Array, key = KEY, user_identity = 'translator') {
  return (await connect(pool)).open({ user_identity }, tlvs(token, key));
}

type Channel = Awaited<ReturnType<typeof openWith>>;

/** Cuts the channel's link and waits until the pool has seen it. */
async function cut(pool: TestPool, channel: Channel): Promise<void> {
  const { channels } = pool.server.figures;
  channel.miner.connection.close('cut by the test');
  await channel.miner.connection.closed;
  while (pool.server.figures.channels === channels) await new Promise((resolve) => setImmediate(resolve));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function cutChannel(t: TestContext) {
  const pool = await testPool(t);
  const token = newToken();
  const channel = await openWith(pool, token);
  const stored = channel.mine();
  assert.equal(await channel.submit(stored), 'accepted');
  const unsent = channel.mine();
  await cut(pool, channel);
  return { pool, token, channel, stored, unsent };
}

describe('a resumed channel', () => {
  it('has its prefix and its live jobs, takes shares of before the cut, and pays each once', async (t) => {
    const pool = await testPool(t);
    const token = newToken();
    const channel = await openWith(pool, token);
    const first = channel.mine();
    pool.newTemplate(2n);
    await channel.miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    const second = channel.mine();
    assert.notEqual(first.job_id, second.job_id);
    assert.equal(await channel.submit(second), 'accepted');
    await cut(pool, channel);

    const resumed = await openWith(pool, token);
    assert.equal(hex(resumed.prefix), hex(channel.prefix));
    await resumed.miner.next('NewExtendedMiningJob', ({ job_id }) => job_id === second.job_id);
    const jobs = resumed.miner.received.flatMap((each) =>
      each.name === 'NewExtendedMiningJob' ? [each.job_id] : [],
    );
    assert.deepEqual(jobs, [first.job_id, second.job_id]);
    assert.equal(await resumed.submit(second), 'accepted', 'its answer might have been lost');
    assert.equal(await resumed.submit(first), 'accepted');
    assert.equal(await resumed.submit(first), 'duplicate-share');
    assert.equal(pool.sink.records.length, 2);
    assert.equal(pool.server.extranoncesInUse, 1);
  });

  it('says that shares of before are stale where the chain went on meanwhile', async (t) => {
    const { pool, token, unsent, channel } = await cutChannel(t);
    pool.newTip(2n, 2);
    const resumed = await openWith(pool, token);
    assert.equal(hex(resumed.prefix), hex(channel.prefix));
    assert.equal(await resumed.submit(unsent), 'stale-share');
    assert.equal(await resumed.submit(resumed.mine()), 'accepted');
  });

  it('gets the job that came while it was away', async (t) => {
    const { pool, token, unsent } = await cutChannel(t);
    pool.newTemplate(2n);
    const resumed = await openWith(pool, token);
    const { job_id } = await resumed.miner.next(
      'NewExtendedMiningJob',
      ({ min_ntime }) => min_ntime !== null,
    );
    assert.ok(job_id > unsent.job_id);
    assert.equal(await resumed.submit(unsent), 'accepted');
    assert.equal(await resumed.submit(resumed.mine()), 'accepted');
  });

  it('tells each job with the target that is its own', async (t) => {
    const pool = await testPool(t);
    const token = newToken();
    const channel = await openWith(pool, token);
    const easy = channel.mine();
    const changes = { nominal_hash_rate: 1e6, maximum_target: new Uint8Array(32).fill(255) };
    channel.miner.send({ name: 'UpdateChannel', channel_id: channel.id, ...changes });
    await channel.miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    const hard = channel.target;
    await cut(pool, channel);
    const resumed = await openWith(pool, token);
    await resumed.miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    const told = resumed.miner.received.flatMap((each): (string | number)[] => {
      if (each.name === 'SetTarget') return [hex(each.maximum_target)];
      return each.name === 'NewExtendedMiningJob' ? [each.job_id] : [];
    });
    const [first, second, third, fourth] = told;
    assert.equal(first, 'ff'.repeat(32));
    assert.equal(second, easy.job_id);
    assert.equal(third, hex(hard));
    assert.ok(typeof fourth === 'number' && fourth > easy.job_id);
    assert.equal(await resumed.submit(easy), 'accepted');
  });

  it('has the time for its easy old jobs that it had when it was cut', async (t) => {
    const pool = await testPool(t);
    const token = newToken();
    const channel = await openWith(pool, token);
    const easy = [channel.mine(), channel.mine()] as const;
    const changes = { nominal_hash_rate: 1e6, maximum_target: new Uint8Array(32).fill(255) };
    channel.miner.send({ name: 'UpdateChannel', channel_id: channel.id, ...changes });
    await channel.miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    await cut(pool, channel);
    const now = performance.now.bind(performance);
    let ahead = 2 * EASY_JOB_GRACE_MS;
    t.mock.method(performance, 'now', () => now() + ahead);
    const resumed = await openWith(pool, token);
    assert.equal(await resumed.submit(easy[0]), 'accepted');
    ahead += EASY_JOB_GRACE_MS;
    assert.equal(await resumed.submit(easy[1]), 'stale-share');
  });

  it('keeps its difficulty when the shares of the time away come at once, be they new or sent again', async (t) => {
    const { pool, token, channel } = await cutChannel(t);
    const backlog = Array.from({ length: 24 }, () => channel.mine());
    const now = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => now() + 60_000);
    const resumed = await openWith(pool, token);
    const answers = [...backlog, ...backlog].map((share) => resumed.submit(share));
    const words = await Promise.all(answers);
    assert.ok(words.slice(0, 24).every((word) => word === 'accepted'));
    assert.equal(hex(resumed.target), hex(channel.target));
    assert.equal(
      resumed.miner.received.filter(({ name }) => name === 'SetTarget').length,
      0,
      'no share of before was taken for a fresh one',
    );
  });

  it('may be a standard one, whose locking key its shares can not name', async (t) => {
    const pool = await testPool(t);
    const token = newToken();
    const wish = { user_identity: 'rig' };
    const channel = await (await connect(pool)).openStandard(wish, tlvs(token, OTHER_KEY));
    const share = channel.mine();
    await cut(pool, channel);
    const resumed = await (await connect(pool)).openStandard(wish, tlvs(token, OTHER_KEY));
    assert.equal(hex(resumed.prefix), hex(channel.prefix));
    assert.equal(await resumed.submit(share), 'accepted');
    assert.deepEqual(pool.sink.records[0]?.key, OTHER_KEY);
    const extended = await (await connect(pool)).open(wish, tlvs(token, OTHER_KEY));
    assert.notEqual(hex(extended.prefix.subarray(0, 6)), hex(resumed.prefix.subarray(0, 6)));
  });

  it('is nobody else’s: another key, identity or token gets a channel of its own', async (t) => {
    const { pool, token, channel } = await cutChannel(t);
    const others = [
      await openWith(pool, token, OTHER_KEY),
      await openWith(pool, token, KEY, 'stranger'),
      await openWith(pool, newToken()),
    ];
    for (const other of others) assert.notEqual(hex(other.prefix), hex(channel.prefix));
    assert.equal(hex((await openWith(pool, token)).prefix), hex(channel.prefix));
  });

  it('is taken from a connection that seems to live, which is told', async (t) => {
    const pool = await testPool(t);
    const token = newToken();
    const channel = await openWith(pool, token);
    const share = channel.mine();
    const resumed = await openWith(pool, token);
    assert.equal(hex(resumed.prefix), hex(channel.prefix));
    const { reason_code } = await channel.miner.next('CloseChannel');
    assert.equal(reason_code, 'resumed-elsewhere');
    assert.equal(await channel.submit(share), 'invalid-channel-id');
    assert.equal(await resumed.submit(share), 'accepted');
    assert.equal(pool.server.figures.channels, 1);
    channel.miner.connection.close();
    await channel.miner.connection.closed;
    const later = resumed.mine(undefined, { ntime: share.ntime + 1 });
    assert.equal(await resumed.submit(later), 'accepted');
  });

  it('is over once its client closed it, and where another size is wanted', async (t) => {
    const { pool, token, channel } = await cutChannel(t);
    const larger = await (await connect(pool)).open(
      { user_identity: 'translator', min_extranonce_size: 8 },
      tlvs(token),
    );
    assert.notEqual(hex(larger.prefix.subarray(0, 6)), hex(channel.prefix.subarray(0, 6)));
    larger.miner.send({ name: 'CloseChannel', channel_id: larger.id, reason_code: 'done' });
    const fresh = await (await connect(pool)).open(
      { user_identity: 'translator', min_extranonce_size: 8 },
      tlvs(token),
    );
    assert.notEqual(hex(fresh.prefix), hex(larger.prefix));
  });
});

it('without a free prefix there is no channel, which is counted', () => {
  const allocator = new ExtranonceAllocator(1, 0);
  const figures = { channels: 0, accepted: 0, rejected: 0, tooMany: 0, exhausted: 0 };
  for (let i = 0; i < MAX_PREFIXES; i++) assert.ok(allocatePrefix({ allocator, figures }, 4, 'a'));
  assert.equal(figures.exhausted, 0);
  assert.equal(allocatePrefix({ allocator, figures }, 4, 'a'), undefined);
  assert.equal(figures.exhausted, 1);
});

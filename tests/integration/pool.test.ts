import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex, utf8 } from '../../protocols/bytes.ts';
import { EHASH_EXTENSION, LOCKING_KEY_FIELD } from '../../protocols/ehash/extension.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import { type PoolProcess, poolProcess } from '../harness/pool.ts';
import { poolScene } from '../harness/pool-scene.ts';
import type { RawChannel, Share } from '../harness/raw-miner.ts';
import { until } from '../harness/template-client.ts';
import { workMint } from '../harness/work-mint.ts';

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const OTHER_KEY = fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5');
/** Easy enough to be found at once. */
const BLOCK_BITS = 12;

const isBlock = (bits: number) => (hashLe: Uint8Array) => {
  const target = new Uint8Array(32).fill(255);
  target.fill(0, 32 - (bits >> 3));
  target[31 - (bits >> 3)] = 255 >> (bits & 7);
  return meetsTargetLe(hashLe, target);
};

/** Hashes of the outbox's shares, in its order. */
function storedHashes(pool: PoolProcess): string[] {
  const outbox = readOutbox(pool.outboxPath);
  try {
    return [...outbox.shares()].map(({ hashLe }) => toHex(hashLe));
  } finally {
    outbox.close();
  }
}

test('a block found by a miner is in the best chain, with the output and the tag of the pool', async (t) => {
  const { node, pool, mint } = await poolScene(t, { blockBits: BLOCK_BITS });
  const miner = await pool.connect();
  const channel = await miner.open({ user_identity: encodeHpub(KEY) });
  const share = channel.mine(isBlock(BLOCK_BITS));
  const hashLe = channel.hashOf(share);
  assert.equal(await channel.submit(share), 'accepted');
  await miner.next('SetNewPrevHash', ({ prev_hash }) => toHex(prev_hash) === toHex(hashLe));

  const blockHash = toHex(reversed(hashLe));
  assert.equal(await node.rpc.call('getbestblockhash'), blockHash);
  const block = (await node.rpc.call('getblock', [blockHash, 2])) as {
    tx: { vin: { coinbase: string }[]; vout: { value: number; scriptPubKey: { hex: string } }[] }[];
  };
  const coinbase = block.tx[0];
  assert.ok(coinbase);
  assert.ok(coinbase.vin[0]?.coinbase.includes(toHex(utf8('Sv2/under test//'))));
  assert.deepEqual(
    coinbase.vout.map(({ value, scriptPubKey }) => [value, scriptPubKey.hex.slice(0, 8)]),
    [
      [50, '51'],
      [0, '6a234548'],
      [0, '6a24aa21'],
    ],
  );
  await until(() => mint.shares.length === 1, "the block's share at the mint");
  assert.deepEqual(storedHashes(pool), [toHex(hashLe)], 'a block is a share like any other');
  await until(() => pool.role.status.figures['blocks_found'] === 1, 'the block in the figures');
});

test('bad shares get their errors, good ones are in the outbox and at the mint, under the right key', async (t) => {
  const { node, pool, mint } = await poolScene(t);
  const miner = await pool.connect({ extensions: [EHASH_EXTENSION] });
  const channel = await miner.open({ user_identity: encodeHpub(KEY) });
  const locked = [{ extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: OTHER_KEY }];
  const good = channel.mine();
  const other = channel.mine();
  assert.equal(await channel.submit(good), 'accepted');
  assert.equal(await channel.submit(other, locked), 'accepted');
  const outcomes: [string, Share][] = [
    ['duplicate-share', good],
    ['invalid-job-id', { ...good, job_id: 9999 }],
    ['bad-extranonce-size', { ...good, extranonce: new Uint8Array(5) }],
    ['invalid-non-rollable-version-bit', { ...good, version: 1 }],
    ['invalid-share', { ...good, ntime: 1 }],
  ];
  for (const [outcome, share] of outcomes) assert.equal(await channel.submit(share), outcome);
  miner.send({
    name: 'UpdateChannel',
    channel_id: channel.id,
    nominal_hash_rate: 1e6,
    maximum_target: new Uint8Array(32).fill(255),
  });
  await miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
  const low = channel.mine((hashLe) => !meetsTargetLe(hashLe, channel.target));
  assert.equal(await channel.submit(low), 'difficulty-too-low');
  const before = channel.mine(() => true);
  await node.generate(1);
  await until(
    () => miner.received.filter(({ name }) => name === 'SetNewPrevHash').length === 2,
    'second tip',
  );
  assert.equal(await channel.submit(before), 'stale-share');

  await until(() => mint.shares.length === 2, 'both shares at the mint');
  assert.deepEqual(
    mint.shares.map(({ key }) => toHex(key)),
    [KEY, OTHER_KEY].map(toHex),
  );
  assert.equal(storedHashes(pool).length, 2);
  await until(() => pool.role.status.figures['outbox_sent'] === 2, 'figures');
  const rejected = outcomes.length + 2;
  await until(
    () => pool.role.status.figures['shares_rejected'] === rejected,
    'rejected shares in the figures',
  );
});

/** Sends shares without end; keeps what it sent, by sequence number. */
async function load(channel: RawChannel, sent: Map<number, string>, ended: () => boolean): Promise<void> {
  while (!ended() && channel.miner.connection.isOpen) {
    for (let i = 0; i < 20; i++) {
      const share = channel.mine();
      sent.set(channel.push(share), toHex(channel.hashOf(share)));
    }
    await delay(2);
  }
}

/** The shares that were answered as accepted: all up to the acknowledged number, since none is rejected here. */
function accepted(channel: RawChannel, sent: Map<number, string>): string[] {
  const acks = channel.miner.received.filter((message) => message.name === 'SubmitShares.Success');
  const last = acks.at(-1)?.last_sequence_number ?? -1;
  const count = acks.reduce((sum, ack) => sum + ack.new_submits_accepted_count, 0);
  const hashes = [...sent].filter(([sequence]) => sequence <= last).map(([, hash]) => hash);
  assert.equal(count, hashes.length);
  return hashes;
}

test('killed under load and started again, the pool has every share it answered, and the mint each of them once', async (t) => {
  // A difficulty that stays: harder shares would keep this process from anything else while it looks for them.
  const limits = [`user_identity = "${encodeHpub(KEY)}"`, 'minimum_bits = 8', 'maximum_bits = 8'];
  const { pool, mint } = await poolScene(t, { config: ['[[difficulty_limits]]', ...limits] });
  const answered: string[] = [];
  for (let round = 0; round < 3; round++) {
    const miner = await pool.connect();
    const channel = await miner.open({ user_identity: encodeHpub(KEY), nominal_hash_rate: 2000 });
    const sent = new Map<number, string>();
    let isOver = false;
    const loading = load(channel, sent, () => isOver);
    await until(
      () => miner.received.filter(({ name }) => name === 'SubmitShares.Success').length > 5,
      'answers',
    );
    await pool.role.stop('SIGKILL');
    isOver = true;
    await loading;
    await miner.connection.closed;
    answered.push(...accepted(channel, sent));
    pool.role.status = { text: 'killed', figures: {} };
    await pool.role.restart();
    await pool.role.says(/^serving miners$/);
  }
  const stored = storedHashes(pool);
  assert.equal(new Set(stored).size, stored.length, 'nothing twice');
  const inOutbox = new Set(stored);
  assert.deepEqual(
    answered.filter((hash) => !inOutbox.has(hash)),
    [],
  );
  await until(() => mint.shares.length === stored.length, 'all of the outbox at the mint');
  assert.equal(mint.outboxes.size, 1);
});

test('mining goes on while the mint and the template provider are away', async (t) => {
  const { pool, mint, provider, node } = await poolScene(t);
  const miner = await pool.connect();
  const channel = await miner.open({ user_identity: encodeHpub(KEY) });
  await mint.server.close();
  await provider.role.stop();
  await pool.role.says(/waiting for mint/);
  await pool.role.says(/waiting for template provider/);
  assert.equal(await channel.submit(channel.mine()), 'accepted');
  await node.generate(1);
  await provider.role.restart();
  await until(() => miner.received.filter(({ name }) => name === 'SetNewPrevHash').length > 1, 'the new tip');
  assert.equal(await channel.submit(channel.mine()), 'accepted');
  assert.equal(storedHashes(pool).length, 2);
});

test('without terms no channel opens, and the status says why', async (t) => {
  const mint = await workMint(t);
  const pool = await poolProcess(t, {
    provider: { address: '127.0.0.1:1', authorityKey: mint.authorityKey },
    mint,
    mintPort: 1,
  });
  await pool.role.says(/terms are not known/);
  // It says so before it listens.
  await pool.role.says(/"msg":"ready"/);
  const answer = await (await pool.connect()).ask();
  assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'pool-not-ready');
  assert.equal(await pool.role.stop(), 0);
});

test('a config that can not be used ends with 78 and one line', async (t) => {
  const mint = await workMint(t);
  const provider = { address: '127.0.0.1:1', authorityKey: mint.authorityKey };
  const bad: [string, RegExp][] = [
    ['house_key = "02ff"', /house_key can't be used: .*33 bytes/],
    ['server_id = 65536', /server_id = 65536 is not allowed/],
    [
      `pool_signature = "${'x'.repeat(61)}"`,
      /up to 60 printable ASCII characters, so that the coinbase script/,
    ],
    ['[[coinbase_outputs]]\nscript = "wpkh(1)"\nweight = 1', /coinbase_outputs\[0\]\.script can't be used/],
    ['[[coinbase_outputs]]\nscript = "raw(51)"\nweight = 0', /weight = 0 is not allowed/],
    ['listen_adress = "127.0.0.1:1"', /listen_adress is not a key here/],
  ];
  for (const [line, words] of bad) {
    const pool = await poolProcess(t, { provider, mint, mintPort: 1, config: [line] });
    assert.equal(await pool.role.exited, 78);
    assert.match(pool.role.output, words);
  }
});

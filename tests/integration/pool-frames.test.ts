import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, fromHex, toHex } from '../../protocols/bytes.ts';
import { EHASH_EXTENSION, LOCKING_KEY_FIELD } from '../../protocols/ehash/extension.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { FRAME_HEADER_BYTES, readFrameHeader, writeFrameHeader } from '../../protocols/sv2/frame.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import { poolScene } from '../harness/pool-scene.ts';
import { until } from '../harness/template-client.ts';

/** Frames that are lost, doubled, changed or wrong between a miner and the pool. */

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const OTHER_KEY = fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5');
const user_identity = encodeHpub(KEY);
const SHARE = 0x1b;
const CHANNEL_BIT = 0x80;
/** Above what the pool takes of a miner. */
const TOO_LONG = 70_000;

/** A frame whose header has the payload's length. */
function frameOf(extension: number, type: number, payload: Uint8Array): Uint8Array {
  const frame = concatBytes(new Uint8Array(FRAME_HEADER_BYTES), payload);
  writeFrameHeader(frame, { extension, channel: false, type, length: payload.length });
  return frame;
}

test('between miner and pool', async (t) => {
  const { connectThrough, pool, mint } = await poolScene(t, { config: ['share_batch_size = 1000'] });
  /** What becomes of the next share on its way. */
  let onShare: ((frame: Uint8Array) => Uint8Array[]) | undefined;
  const pass = ({ header, frame }: { header: { type: number }; frame: Uint8Array }): Uint8Array[] => {
    const change = header.type === SHARE ? onShare : undefined;
    if (change) onShare = undefined;
    return change ? change(frame) : [frame];
  };
  const changed = (frame: Uint8Array, change: (share: MiningMessage) => MiningMessage): Uint8Array[] => [
    miningProtocol.encode(change(miningProtocol.decode(frame).message)),
  ];
  const through = async () => {
    const miner = await connectThrough(pass, { extensions: [EHASH_EXTENSION] });
    return miner.open({ user_identity });
  };
  const good = await (await pool.connect()).open({ user_identity });
  const channel = await through();

  await t.test('a lone share is acknowledged, however large the batch', async () => {
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  await t.test('the channel bit may be wrong', async () => {
    onShare = (frame) => {
      const wrong = Uint8Array.from(frame);
      wrong[1] = (wrong[1] ?? 0) ^ CHANNEL_BIT;
      return [wrong];
    };
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  await t.test('extension fields may be big-endian', async () => {
    const stored = mint.shares.length;
    await until(() => mint.shares.length >= 2, 'the shares so far at the mint');
    onShare = (frame) => {
      const { extension, type } = readFrameHeader(frame);
      const field = concatBytes(
        Uint8Array.of(EHASH_EXTENSION >> 8, EHASH_EXTENSION & 0xff, LOCKING_KEY_FIELD, 0, OTHER_KEY.length),
        OTHER_KEY,
      );
      return [frameOf(extension, type, concatBytes(frame.subarray(FRAME_HEADER_BYTES), field))];
    };
    const share = channel.mine();
    assert.equal(await channel.submit(share), 'accepted');
    await until(() => mint.shares.length > stored, 'the share at the mint');
    const { header } = channel.proof(share);
    const record = () => mint.shares.find((each) => toHex(each.header) === toHex(header));
    await until(() => record() !== undefined, 'the share at the mint');
    assert.deepEqual(record()?.key, OTHER_KEY);
  });

  await t.test('a share that is lost can be sent again', async () => {
    const share = channel.mine();
    onShare = () => [];
    channel.push(share);
    assert.equal(await channel.submit(share), 'accepted');
  });

  await t.test('a share that is doubled counts once', async () => {
    onShare = (frame) => [frame, frame];
    const from = channel.miner.received.length;
    const sequence = channel.push(channel.mine());
    const error = await channel.miner.next('SubmitShares.Error', () => true, from);
    assert.deepEqual([error.sequence_number, error.error_code], [sequence, 'duplicate-share']);
    const ack = await channel.miner.next('SubmitShares.Success', () => true, from);
    assert.equal(ack.new_submits_accepted_count, 1);
  });

  await t.test('a share that is changed is judged as it came', async () => {
    onShare = (frame) =>
      changed(frame, (share) =>
        share.name === 'SubmitSharesExtended' ? { ...share, job_id: 0xffff } : share,
      );
    assert.equal(await channel.submit(channel.mine()), 'invalid-job-id');
  });

  await t.test('messages and extensions that nobody knows are ignored', async () => {
    onShare = (frame) => [
      frameOf(0, 0x7f, Uint8Array.of(1, 2, 3)),
      frameOf(0x7777, 0, new Uint8Array(0)),
      frame,
    ];
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  for (const [what, wrong] of [
    ['cut short', frameOf(0, SHARE, new Uint8Array(5))],
    ['without content', frameOf(0, SHARE, new Uint8Array(0))],
    ['too long', frameOf(0, SHARE, new Uint8Array(TOO_LONG))],
  ] as const) {
    await t.test(`a frame ${what} ends its connection, and no other`, async () => {
      const bad = await through();
      onShare = () => [wrong];
      bad.push(bad.mine());
      await bad.miner.connection.closed;
      assert.equal(await good.submit(good.mine()), 'accepted');
      assert.equal(await channel.submit(channel.mine()), 'accepted');
    });
  }
});

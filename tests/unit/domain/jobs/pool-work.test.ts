import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OWN_COINBASE } from '../../../../domain/extranonce/layout.ts';
import { AskedRoom } from '../../../../domain/jobs/asked-room.ts';
import { roomOf } from '../../../../domain/jobs/payouts.ts';
import {
  coinbaseConstraints,
  coinbaseTag,
  MAX_NAME_BYTES,
  type NewTemplate,
  type PoolCoinbase,
  splitByWeight,
} from '../../../../domain/jobs/pool-coinbase.ts';
import { PoolWork, type TemplatePrevHash } from '../../../../domain/jobs/pool-work.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { coinbaseTxid } from '../../../../protocols/bitcoin/coinbase.ts';
import { decodeOutputs } from '../../../../protocols/bitcoin/output.ts';
import { sigopCost } from '../../../../protocols/bitcoin/sigops.ts';
import { concatBytes, fromHex, toHex, utf8 } from '../../../../protocols/bytes.ts';

const commitment = fromHex(`0000000000000000266a24aa21a9ed${'11'.repeat(32)}`);
const pool: PoolCoinbase = {
  rewardScript: fromHex('0014751e76e8199196d454941c45d1b3a323f1433bd6'),
  signature: 'a pool',
  keysetId: new Uint8Array(33).fill(9),
};

function template(template_id: bigint, future_template = true): NewTemplate {
  return {
    name: 'NewTemplate',
    template_id,
    future_template,
    version: 0x20000000,
    coinbase_tx_version: 2,
    coinbase_prefix: fromHex('03a0bb0d'),
    coinbase_tx_input_sequence: 0xfffffffe,
    coinbase_tx_value_remaining: 312_500_000n,
    coinbase_tx_outputs_count: 1,
    coinbase_tx_outputs: commitment,
    coinbase_tx_locktime: 899_999,
    merkle_path: [],
  };
}

function prevHash(template_id: bigint): TemplatePrevHash {
  return {
    name: 'SetNewPrevHash',
    template_id,
    prev_hash: new Uint8Array(32).fill(1),
    header_timestamp: 1_700_000_000,
    nBits: 0x1d00ffff,
    target: new Uint8Array(32),
  };
}

function ready(): PoolWork {
  const work = new PoolWork();
  work.setCoinbase(pool);
  work.addFuture(template(1n));
  work.setTip(prevHash(1n), new SeenShares());
  return work;
}

describe('work of a pool', () => {
  it('has a coinbase with tag, job id, all outputs in order, and the template as it is', () => {
    const live = ready().current;
    assert.ok(live);
    const { coinbasePrefix: prefix, coinbaseSuffix: suffix, id } = live.job;
    const script = prefix.subarray(4 + 1 + 36 + 1);
    assert.equal(prefix[4 + 1 + 36], script.length + OWN_COINBASE.fullBytes);
    const tag = utf8('Sv2/a pool//');
    const expected = concatBytes(
      fromHex('03a0bb0d'),
      Uint8Array.of(tag.length),
      tag,
      Uint8Array.of(24, id, 0, 0, 0),
    );
    assert.equal(toHex(script), toHex(expected));
    assert.deepEqual(suffix.subarray(0, 4), fromHex('feffffff'));
    assert.equal(suffix[4], 3);
    const [reward, mark, last] = decodeOutputs(suffix.subarray(5), 3);
    assert.deepEqual(reward, { value: 312_500_000n, script: pool.rewardScript });
    assert.equal(mark?.value, 0n);
    assert.equal(toHex(mark?.script ?? new Uint8Array(0)), `6a234548${'09'.repeat(33)}`);
    assert.equal(toHex(last?.script ?? new Uint8Array(0)), toHex(commitment.subarray(9)));
    assert.deepEqual(suffix.subarray(-4), fromHex('9fbb0d00'));
  });

  it('asks for the room that its outputs take', () => {
    const p2pkh = { ...pool, rewardScript: fromHex(`76a914${'00'.repeat(20)}88ac`) };
    assert.deepEqual(coinbaseConstraints(pool), { maxAdditionalSize: 31 + 46, maxAdditionalSigops: 0 });
    assert.equal(coinbaseConstraints(p2pkh).maxAdditionalSigops, 4);
  });

  it('pays several outputs by weight, all of it, and asks for their room', () => {
    const other = { script: fromHex(`76a914${'00'.repeat(20)}88ac`), weight: 1 };
    const several: PoolCoinbase = {
      ...pool,
      rewardWeight: 2,
      otherRewards: [other, { ...other, weight: 3 }],
    };
    const work = new PoolWork();
    work.setCoinbase(several);
    const { coinbaseSuffix: suffix } = work.addFuture({
      ...template(1n),
      coinbase_tx_value_remaining: 312_500_004n,
    });
    assert.equal(suffix[4], 5);
    const outputs = decodeOutputs(suffix.subarray(5), 5);
    const values = outputs.map(({ value }) => value);
    assert.deepEqual(values, [104_166_668n, 52_083_334n, 156_250_002n, 0n, 0n]);
    assert.deepEqual(outputs[2]?.script, other.script);
    assert.deepEqual(coinbaseConstraints(several), {
      maxAdditionalSize: 31 + 2 * 34 + 46,
      maxAdditionalSigops: 8,
    });
  });

  it('splits any reward without losing or making a satoshi', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 21 });
    fc.assert(
      fc.property(fc.bigInt(0n, 2_100_000_000_000_000n), weights, (value, parts) => {
        const split = splitByWeight(value, parts);
        assert.equal(split.length, parts.length);
        assert.ok(split.every((part) => part >= 0n));
        assert.equal(
          split.reduce((sum, part) => sum + part, 0n),
          value,
        );
      }),
    );
  });

  it('takes locktime, sequence and version of the template as they are (BIP54)', () => {
    const work = new PoolWork();
    work.setCoinbase(pool);
    const changes = {
      coinbase_tx_version: 1,
      coinbase_tx_input_sequence: 0xfffffffd,
      coinbase_tx_locktime: 7,
    };
    const { coinbasePrefix, coinbaseSuffix } = work.addFuture({ ...template(1n), ...changes });
    assert.deepEqual(coinbasePrefix.subarray(0, 4), fromHex('01000000'));
    assert.deepEqual(coinbaseSuffix.subarray(0, 4), fromHex('fdffffff'));
    assert.deepEqual(coinbaseSuffix.subarray(-4), fromHex('07000000'));
  });

  it('has room for the longest signature, and an extranonce that messages can carry', () => {
    const work = new PoolWork();
    work.setCoinbase({ ...pool, signature: 'x'.repeat(MAX_NAME_BYTES) });
    const prefix = (length: number) => ({ ...template(1n), coinbase_prefix: new Uint8Array(length) });
    assert.equal(work.addFuture(prefix(8)).coinbasePrefix[4 + 1 + 36], 100);
    assert.throws(() => work.addFuture(prefix(9)), { code: 'coinbase-script-too-long' });
    assert.ok(OWN_COINBASE.fullBytes <= 32);
  });

  it("has a miner's tag behind the pool's, in the same job and at the longest within consensus", () => {
    const { current } = ready();
    assert.ok(current);
    const tagged = current.withTag('rig 1');
    assert.equal(tagged, current.withTag('rig 1'), 'made once');
    assert.equal(current.withTag(''), current);
    assert.deepEqual([tagged.job.id, tagged.tip], [current.job.id, current.tip]);
    assert.equal(tagged.hashed.coinbasePrefix, tagged.job.coinbasePrefix);
    const script = tagged.job.coinbasePrefix.subarray(4 + 1 + 36);
    assert.equal(script[0], script.length - 1 + OWN_COINBASE.fullBytes);
    const tag = utf8('Sv2/a pool/rig 1/');
    assert.ok(toHex(script).includes(toHex(concatBytes(Uint8Array.of(tag.length), tag))));
    assert.equal(tagged.job.coinbaseSuffix, current.job.coinbaseSuffix);

    const work = new PoolWork();
    work.setCoinbase({ ...pool, signature: 'x'.repeat(MAX_NAME_BYTES - 20) });
    const job = work.addFuture({ ...template(1n), coinbase_prefix: new Uint8Array(8) });
    assert.equal(job.withTag('y'.repeat(20)).coinbasePrefix[4 + 1 + 36], 100);
    assert.throws(() => job.withTag('y'.repeat(21)), { code: 'coinbase-script-too-long' });
    assert.equal(coinbaseTag('x'.repeat(MAX_NAME_BYTES - 20), 'y'.repeat(20)).length, 66, 'one push byte');
  });

  it('numbers jobs from where it is told, and none 0', () => {
    const work = new PoolWork(0xffffffff);
    work.setCoinbase(pool);
    assert.deepEqual([work.addFuture(template(1n)).id, work.addFuture(template(2n)).id], [0xffffffff, 1]);
  });

  it('pays others in jobs on the prev hash that they are for, out of what the reward script gets', () => {
    const payouts = {
      id: 1n,
      prevHashLe: prevHash(1n).prev_hash,
      outputs: Array.from({ length: 300 }, (_, i) => ({ value: BigInt(i + 1), script: pool.rewardScript })),
    };
    const room = { size: 30_000, sigops: 0 };
    const outputsOf = (suffix: Uint8Array | undefined) => {
      assert.ok(suffix);
      const [count, at] =
        suffix[4] === 0xfd ? [(suffix[5] ?? 0) + 256 * (suffix[6] ?? 0), 7] : [suffix[4] ?? 0, 5];
      return decodeOutputs(suffix.subarray(at), count);
    };
    const work = new PoolWork();
    work.setCoinbase(pool);
    work.setPayouts(payouts);
    assert.equal(work.withPayouts(), undefined, 'no tip yet');
    const announced = work.addFuture(template(1n), room);
    assert.equal(outputsOf(announced.coinbaseSuffix).length, 3, 'nobody knows its prev hash yet');
    work.setTip(prevHash(1n), new SeenShares());
    const paying = outputsOf(work.withPayouts()?.job.coinbaseSuffix);
    assert.equal(paying.length, 303);
    assert.deepEqual(paying.slice(2, 302), payouts.outputs);
    assert.equal(
      paying.reduce((sum, { value }) => sum + value, 0n),
      312_500_000n,
    );
    const renewed = work.renew(work.current?.job.id ?? 0);
    assert.equal(outputsOf(renewed?.job.coinbaseSuffix).length, 303);
    work.addCurrent(template(4n, false));
    assert.equal(outputsOf(work.current?.job.coinbaseSuffix).length, 3, 'no room is known of this template');
    assert.equal(work.withPayouts(), undefined);
    work.addFuture(template(5n), room);
    work.setTip({ ...prevHash(5n), prev_hash: new Uint8Array(32).fill(2) }, new SeenShares());
    assert.equal(work.withPayouts(), undefined, 'another tip');
    work.addCurrent(template(6n, false), room);
    assert.equal(outputsOf(work.current?.job.coinbaseSuffix).length, 3);
  });

  it('asks a provider for room that covers all that it then puts in', () => {
    const legacy = fromHex(`76a914${'00'.repeat(20)}88ac`);
    const own = coinbaseConstraints(pool);
    for (const count of [1, 7, 8, 60, 250, 251, 300]) {
      const outputs = Array.from({ length: count }, (_, i) => {
        return { value: BigInt(i + 1), script: i % 5 === 0 ? legacy : pool.rewardScript };
      });
      const room = new AskedRoom({ size: 30_000, sigops: 400 });
      assert.ok(room.want(roomOf(outputs)));
      const work = new PoolWork();
      work.setCoinbase(pool);
      work.setPayouts({ id: 1n, prevHashLe: prevHash(1n).prev_hash, outputs });
      work.addFuture(template(1n), room.granted);
      work.setTip(prevHash(1n), new SeenShares());
      assert.equal(work.withPayouts(), undefined, 'nothing before the provider has answered');
      assert.ok(room.answered());
      work.addFuture(template(2n), room.granted);
      const suffix = work.setSameTip(prevHash(2n), room.granted)?.job.coinbaseSuffix;
      assert.ok(suffix);
      const [sequence, locktime] = [4, 4];
      const added = suffix.length - sequence - locktime - commitment.length;
      assert.ok(added > count * 31, 'all of them are in');
      assert.ok(added <= own.maxAdditionalSize + room.asked.size);
      assert.ok(outputs.reduce((sum, { script }) => sum + sigopCost(script), 0) <= room.asked.sigops);
    }
  });

  it('takes payouts from the reward script alone, and leaves it something', () => {
    const other = { script: fromHex(`76a914${'00'.repeat(20)}88ac`), weight: 1 };
    const work = new PoolWork();
    work.setCoinbase({ ...pool, otherRewards: [other] });
    const value = 156_250_000n - 546n;
    const script = other.script;
    const outputs = [
      { value: value + 1n, script },
      { value, script },
      { value: 1n, script },
    ];
    work.setPayouts({ id: 1n, prevHashLe: prevHash(1n).prev_hash, outputs });
    work.addFuture(template(1n), { size: 500, sigops: 50 });
    work.setTip(prevHash(1n), new SeenShares());
    const suffix = work.withPayouts()?.job.coinbaseSuffix;
    assert.ok(suffix);
    const values = decodeOutputs(suffix.subarray(5), 4).map((output) => output.value);
    assert.deepEqual(values, [546n, 156_250_000n, 0n, value]);
  });

  it('makes a search space of its own for each job', () => {
    const work = ready();
    const coinbases = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const live = work.current;
      assert.ok(live);
      const extranonce = new Uint8Array(OWN_COINBASE.fullBytes);
      coinbases.add(
        toHex(coinbaseTxid(concatBytes(live.job.coinbasePrefix, extranonce, live.job.coinbaseSuffix))),
      );
      work.renew(live.job.id);
    }
    assert.equal(coinbases.size, 5);
  });

  it('renews a job only for who has the newest', () => {
    const work = ready();
    const first = work.current;
    assert.ok(first);
    const second = work.renew(first.job.id);
    assert.ok(second && second.job.id > first.job.id && second.tip === first.tip);
    assert.equal(work.renew(first.job.id), second);
  });

  it('follows templates and tips', () => {
    const work = new PoolWork();
    assert.throws(() => work.addFuture(template(1n)), { code: 'no-terms' });
    work.setCoinbase(pool);
    assert.equal(work.addCurrent(template(1n, false)), undefined, 'no tip yet');
    const announced = work.addFuture(template(2n));
    assert.deepEqual(work.announced, [announced]);
    assert.throws(() => work.setTip(prevHash(3n), new SeenShares()), { code: 'unknown-template' });
    assert.equal(work.setTip(prevHash(2n), new SeenShares()).job, announced);
    assert.deepEqual(work.announced, []);
    assert.equal(work.addCurrent(template(4n, false))?.job.templateId, 4n);
  });

  it('goes on on a tip that is told again, and not where hash, bits or target are others', () => {
    const work = ready();
    const first = work.current;
    work.addFuture(template(2n));
    const again = work.setSameTip(prevHash(2n));
    assert.ok(again && first && again.job.id > first.job.id);
    assert.equal(again.job.templateId, 2n);
    assert.equal(again.tip, first.tip);
    for (const other of [
      { prev_hash: new Uint8Array(32).fill(2) },
      { nBits: 0x1d00fffe },
      { target: new Uint8Array(32).fill(1) },
    ])
      assert.equal(work.setSameTip({ ...prevHash(9n), ...other }), undefined);
    assert.equal(work.current, again);
    assert.throws(() => work.setSameTip(prevHash(2n)), { code: 'unknown-template' });
    assert.equal(new PoolWork().setSameTip(prevHash(1n)), undefined);
  });

  it('makes announced jobs again under other ids, and activates these', () => {
    const work = ready();
    const before = [work.addFuture(template(2n)), work.addFuture(template(3n))];
    const again = work.remakeFuture();
    assert.deepEqual(
      again.map(({ templateId }) => templateId),
      [2n, 3n],
    );
    assert.ok(again.every(({ id }) => before.every((job) => job.id < id)));
    assert.equal(work.setTip(prevHash(3n), new SeenShares()).job, again[1]);
  });

  it('says in each coinbase which keyset is paid in, from the moment that changes', () => {
    const work = ready();
    work.addFuture(template(2n));
    const live = work.setCoinbase({ ...pool, keysetId: new Uint8Array(33).fill(0xcc) });
    for (const job of [live?.job, ...work.announced]) {
      assert.ok(job && toHex(job.coinbaseSuffix).includes(`4548${'cc'.repeat(33)}`));
    }
  });

  it('refuses a signature that leaves no room for the extranonce', () => {
    const work = new PoolWork();
    work.setCoinbase({ ...pool, signature: 'x'.repeat(80) });
    assert.throws(() => work.addFuture(template(1n)), { code: 'coinbase-script-too-long' });
  });
});

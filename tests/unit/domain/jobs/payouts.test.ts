import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AskedRoom } from '../../../../domain/jobs/asked-room.ts';
import {
  fittingPayouts,
  LEAST_REWARD_SATS,
  NO_ROOM,
  type PayoutRoom,
  roomOf,
} from '../../../../domain/jobs/payouts.ts';
import { encodeOutputs, type TransactionOutput } from '../../../../protocols/bitcoin/output.ts';
import { p2pkhScript, p2shScript, segwitScript } from '../../../../protocols/bitcoin/script.ts';

const hash20 = new Uint8Array(20).fill(0xac);
const scripts = {
  p2wpkh: segwitScript(0, hash20),
  p2tr: segwitScript(1, new Uint8Array(32).fill(0xad)),
  p2pkh: p2pkhScript(hash20),
  p2sh: p2shScript(hash20),
};
const WIDE: PayoutRoom = { size: 30_000, sigops: 20_000 };

function output(value: bigint, script = scripts.p2wpkh): TransactionOutput {
  return { value, script };
}

describe('payouts in a coinbase', () => {
  it('take 31, 43, 34 and 32 bytes, and sigops for a public key hash alone', () => {
    const rooms = Object.values(scripts).map((script) => roomOf([output(1n, script)]));
    assert.deepEqual(rooms, [
      { size: 33, sigops: 0 },
      { size: 45, sigops: 0 },
      { size: 36, sigops: 4 },
      { size: 34, sigops: 0 },
    ]);
    assert.deepEqual(roomOf([]), NO_ROOM);
  });

  it('leave out what does not fit, and go on with the next', () => {
    const [small, large, last] = [output(1000n), output(50_000n), output(1500n, scripts.p2tr)];
    const value = 2500n + LEAST_REWARD_SATS;
    assert.deepEqual(fittingPayouts([small, large, last], WIDE, value), [small, last]);
    assert.deepEqual(fittingPayouts([small, large, last], WIDE, value - 1n), [small]);
    assert.deepEqual(fittingPayouts([small, last], { size: 2 + 31, sigops: 0 }, value), [small]);
    const legacy = output(1n, scripts.p2pkh);
    assert.deepEqual(fittingPayouts([legacy, legacy, small], { size: 500, sigops: 7 }, value), [
      legacy,
      small,
    ]);
    assert.deepEqual(fittingPayouts([output(0n)], WIDE, value), [], 'nobody is paid nothing');
    assert.deepEqual(fittingPayouts([small], NO_ROOM, value), []);
  });

  it('never pass room or value, whatever is asked', () => {
    const any = fc.record({
      value: fc.bigInt(0n, 100_000n),
      script: fc.constantFrom(...Object.values(scripts)),
    });
    const rooms = fc.record({ size: fc.nat(2000), sigops: fc.nat(100) });
    fc.assert(
      fc.property(
        fc.array(any, { maxLength: 60 }),
        rooms,
        fc.bigInt(0n, 500_000n),
        (outputs, room, value) => {
          const paid = fittingPayouts(outputs, room, value);
          const needs = roomOf(paid);
          assert.ok(needs.size <= room.size && needs.sigops <= room.sigops);
          assert.ok(paid.length === 0 || encodeOutputs(paid).length <= room.size);
          const sum = paid.reduce((total, each) => total + each.value, 0n);
          assert.ok(paid.length === 0 || sum + LEAST_REWARD_SATS <= value);
        },
      ),
    );
  });
});

describe('room asked for', () => {
  const most = { size: 2000, sigops: 100 };

  it('is counted on once it is answered, and asked for again until then', () => {
    const room = new AskedRoom(most);
    assert.ok(room.want({ size: 700, sigops: 33 }));
    assert.deepEqual([room.asked, room.granted], [{ size: 1024, sigops: 64 }, NO_ROOM]);
    assert.ok(room.want({ size: 1500, sigops: 0 }));
    assert.deepEqual(room.asked, { size: 1024, sigops: 64 }, 'the same: an answer does not say to what');
    room.answered();
    assert.deepEqual(room.granted, room.asked);
    assert.ok(room.want({ size: 1500, sigops: 0 }));
    assert.deepEqual(
      [room.asked, room.granted],
      [
        { size: 2000, sigops: 0 },
        { size: 1024, sigops: 0 },
      ],
    );
  });

  it('is not granted by an answer to what was asked for before', () => {
    const [small, large] = [
      { size: 256, sigops: 0 },
      { size: 1024, sigops: 0 },
    ];
    const twice = new AskedRoom(most);
    assert.ok(twice.want(small));
    assert.ok(twice.want(small), 'asked for again');
    assert.ok(twice.answered());
    assert.ok(twice.want(large));
    assert.equal(twice.answered(), false, 'the answer to the second time');
    assert.deepEqual(twice.granted, small);
    assert.ok(twice.answered());
    assert.deepEqual(twice.granted, large);

    const fresh = new AskedRoom(most);
    assert.ok(fresh.want(small));
    fresh.connected();
    assert.ok(fresh.want(large));
    assert.ok(fresh.isFirstTip(), 'the answer to what the connection began with');
    assert.equal(fresh.isFirstTip(), false);
    assert.deepEqual(fresh.granted, small);
    assert.ok(fresh.answered());
    assert.deepEqual(fresh.granted, large);
  });

  it('is asked for until it is granted, where an answer came as a new tip', () => {
    const room = new AskedRoom(most);
    assert.ok(room.want({ size: 256, sigops: 0 }));
    assert.ok(room.want({ size: 256, sigops: 0 }), 'the first answer came as a new tip');
    assert.ok(room.answered());
    assert.ok(room.want({ size: 1024, sigops: 0 }));
    assert.equal(room.answered(), false, 'taken for the one that never comes');
    assert.ok(room.want({ size: 1024, sigops: 0 }));
    assert.ok(room.answered());
    assert.deepEqual(room.granted, { size: 1024, sigops: 0 });
  });

  it('covers what is put in, never passing what the template was made with, however it grows', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('want' as const), size: fc.nat(2500), sigops: fc.nat(120) }),
      fc.record({ kind: fc.constantFrom('tip' as const, 'answer' as const, 'connect' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const room = new AskedRoom(most);
        // What the provider has been told and has not answered, and what it makes templates with.
        let [told, used]: [PayoutRoom[], PayoutRoom] = [[], NO_ROOM];
        room.connected();
        told.push(room.asked);
        for (const each of steps) {
          if (each.kind === 'want' && room.want(each)) told.push(room.asked);
          if (each.kind === 'connect') {
            room.connected();
            told = [room.asked];
          }
          const next = each.kind === 'answer' || each.kind === 'tip' ? told.shift() : undefined;
          used = next ?? (each.kind === 'connect' ? room.asked : used);
          // A new tip may come in the place of an answer, and says nothing.
          if (next && !room.isFirstTip() && each.kind === 'answer') room.answered();
          assert.ok(room.granted.size <= used.size && room.granted.sigops <= used.sigops);
        }
      }),
    );
  });

  it('changes in steps, up to its limit', () => {
    const room = new AskedRoom(most);
    assert.equal(room.want(NO_ROOM), false);
    assert.ok(room.want({ size: 100, sigops: 0 }));
    room.answered();
    assert.equal(room.want({ size: 200, sigops: 0 }), false, 'within the step');
    assert.ok(room.want({ size: 5000, sigops: 500 }));
    assert.deepEqual(room.asked, most);
  });

  it('is never asked for where there is to be none', () => {
    assert.equal(new AskedRoom(NO_ROOM).want({ size: 5000, sigops: 500 }), false);
  });
});

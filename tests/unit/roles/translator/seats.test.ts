import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../../protocols/bytes.ts';
import type { MinerEnd } from '../../../../roles/translator/sv1-server/miner-channel.ts';
import { MAX_VACANT_SEATS, Seat, Seats } from '../../../../roles/translator/sv1-server/seats.ts';
import { TestUpstream, walletKey } from './test-upstream.ts';

const nobody: MinerEnd = {
  subscribed: () => undefined,
  refused: () => undefined,
  comeAgain: () => undefined,
  hangUp: () => undefined,
};

const settings = {
  userIdentity: 'hashpool',
  extranonce2Size: 4,
  jobKeepaliveMs: 30_000,
  minIndividualMinerHashrate: 1,
  sharesPerMinute: 6,
  easiestBits: 0,
};

/** Seats whose channels are open, as many as are asked for. */
function house() {
  const upstream = new TestUpstream();
  const seats = new Seats(() => 0);
  let tokens = 0;
  const lockKeys = { take: async () => walletKey(1), giveBack: () => undefined, epoch: 0 };
  const resumeToken = () =>
    Uint8Array.of(...new Uint8Array(12), ...new Uint8Array(Uint32Array.of(++tokens).buffer));
  const sit = (): Seat => {
    const seat = new Seat({ upstream, settings, lockKeys, resumeToken, now: () => 0 }, nobody, {
      send: () => undefined,
    });
    seat.channel.request(walletKey(1));
    return seat;
  };
  return { upstream, seats, sit };
}

test('of the seats that were left, the oldest is given up when there are too many', () => {
  const { upstream, seats, sit } = house();
  const first = sit();
  const second = sit();
  seats.vacate(first);
  seats.vacate(second);
  for (let more = 2; more < MAX_VACANT_SEATS; more++) seats.vacate(sit());
  assert.equal(seats.vacant, MAX_VACANT_SEATS);
  assert.equal(upstream.channels[0]?.closedFor, undefined);
  seats.vacate(sit());
  assert.equal(seats.vacant, MAX_VACANT_SEATS);
  assert.equal(upstream.channels[0]?.closedFor, 'miner-disconnected');
  assert.equal(seats.reclaim(first.id), undefined);
  assert.equal(seats.reclaim(second.id), second);
  assert.equal(seats.vacant, MAX_VACANT_SEATS - 1);
});

test('a seat is had back once, and not when its channel is gone', () => {
  const { upstream, seats, sit } = house();
  const seat = sit();
  seats.vacate(seat);
  assert.equal(seats.reclaim(seat.id), seat);
  assert.equal(seats.reclaim(seat.id), undefined);
  const lost = sit();
  seats.vacate(lost);
  upstream.last.lose('the pool closed the channel');
  assert.equal(seats.reclaim(lost.id), undefined);
  assert.equal(seats.reclaim(toHex(new Uint8Array(16))), undefined);
});

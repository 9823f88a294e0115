import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chooseUpstream,
  FIRST_CHANCE_MS,
  HEAD_START_MS,
  type LinkState,
  RETURN_AFTER_MS,
} from '../../../../services/mining-client/choose-upstream.ts';

const ill: LinkState = { wellSince: undefined, hasDuties: false };
const well = (wellSince: number): LinkState => ({ wellSince, hasDuties: false });
const NONE = { active: undefined, outageSince: 0 };

test('with no pool well the first is tried alone for a while, then each half a second after the one before it', () => {
  const triedAt = (now: number) => chooseUpstream([ill, ill, ill], NONE, now);
  assert.deepEqual(triedAt(0), { active: undefined, wanted: [true, false, false] });
  assert.deepEqual(triedAt(FIRST_CHANCE_MS - 1).wanted, [true, false, false]);
  assert.deepEqual(triedAt(FIRST_CHANCE_MS).wanted, [true, true, false]);
  assert.deepEqual(triedAt(FIRST_CHANCE_MS + HEAD_START_MS).wanted, [true, true, true]);
});

test('the first in the list that is well serves, and those before it are tried on', () => {
  assert.deepEqual(chooseUpstream([ill, well(5), well(3)], NONE, 10), {
    active: 1,
    wanted: [true, true, false],
  });
});

test('a pool that serves is left when it is ill, at once', () => {
  const state = { active: 0, outageSince: 100 };
  assert.deepEqual(chooseUpstream([ill, well(50)], state, 100), { active: 1, wanted: [true, true] });
  assert.deepEqual(chooseUpstream([ill, ill], state, 100), { active: undefined, wanted: [true, false] });
});

test('a better placed pool is returned to when it has been well for a minute, to the millisecond', () => {
  const state = { active: 1, outageSince: 0 };
  const links = [well(1000), well(10)];
  assert.equal(chooseUpstream(links, state, 1000 + RETURN_AFTER_MS - 1).active, 1);
  const back = chooseUpstream(links, state, 1000 + RETURN_AFTER_MS);
  assert.deepEqual(back, { active: 0, wanted: [true, false] });
  assert.equal(chooseUpstream([well(0), well(0), well(0)], { active: 2, outageSince: 0 }, 1e9).active, 0);
  assert.equal(chooseUpstream([ill, well(0), well(0)], { active: 2, outageSince: 0 }, 1e9).active, 1);
});

test('a worse placed pool is never moved to while the present one is well', () => {
  assert.equal(chooseUpstream([well(900), well(0)], { active: 0, outageSince: 0 }, 1e9).active, 0);
});

test('a link with channels that wait for it is kept, whoever serves', () => {
  const links = [well(0), ill, { wellSince: 0, hasDuties: true }];
  assert.deepEqual(chooseUpstream(links, { active: 0, outageSince: 0 }, 10).wanted, [true, false, true]);
});

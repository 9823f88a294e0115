import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '../../../protocols/bytes.ts';
import { payoutScene } from './coinbase-payout-scene.ts';
import { epochScene, FIRST } from './epoch-scene.ts';

const ELSEWHERE = fromHex('51');

test('a block backs ehash with what it pays to the script, and with nothing that it pays others', async (t) => {
  const s = await epochScene(t, { confirmations: 1 });
  await s.outbox().block(s.pays(2n));
  await s.follow();
  assert.deepEqual(await s.epochs(), [`${FIRST} live final closed 102 2`, '102 live final']);
  assert.deepEqual(s.alerts(), ['reward-elsewhere'], 'the operator is told of the other 48');
  s.audit();
});

test('what a block pays of balances, as its mint told for it, is reward; the same outputs in a later block are not', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  const told = s.onTip();
  const other = { value: 70_000n, script: ELSEWHERE };
  await s.deliver(s.mine([...told, other]));
  await s.look();
  await s.deliver(s.mine([...told, other]));
  await s.look();
  assert.deepEqual(await s.epochs(), [
    '101 live final closed 102 1005000',
    '102 live final closed 103 1000000',
    '103 live final',
  ]);
  s.audit();
});

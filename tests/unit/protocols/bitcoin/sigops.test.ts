import assert from 'node:assert/strict';
import { it } from 'node:test';
import { p2pkhScript, p2shScript, segwitScript } from '../../../../protocols/bitcoin/script.ts';
import { sigopCost } from '../../../../protocols/bitcoin/sigops.ts';
import { fromHex } from '../../../../protocols/bytes.ts';

/** Data that looks like signature operations. */
const looks = (length: number) => new Uint8Array(length).fill(0xac);

it('counts the signature operations of outputs as a block does, and never those that data look like', () => {
  const cases: [Uint8Array, number][] = [
    [p2pkhScript(looks(20)), 4],
    [p2shScript(looks(20)), 0],
    [segwitScript(0, looks(20)), 0],
    [segwitScript(0, looks(32)), 0],
    [segwitScript(1, looks(32)), 0],
    [fromHex(`21${'02'.repeat(33)}ac`), 4],
    [fromHex(`5121${'02'.repeat(33)}51ae`), 80],
    [fromHex('adaf'), 84],
    [fromHex('4c02acacac'), 4],
    [fromHex('4d0200acacac'), 4],
    [fromHex('4e02000000acacac'), 4],
    [fromHex('ac05ac'), 4],
    [fromHex('ac4d02'), 4],
    [new Uint8Array(0), 0],
  ];
  for (const [script, cost] of cases)
    assert.equal(sigopCost(script), cost, Buffer.from(script).toString('hex'));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { provenSats, reserveText } from '../../../../protocols/ehash/reserve.ts';

const coin = (txid: number, vout: number, value: bigint) => {
  return { txidLe: new Uint8Array(32).fill(txid), vout, value, script: Uint8Array.of(0x51) };
};
const proofOf = (...coins: ReturnType<typeof coin>[]) =>
  reserveText({ coins, transaction: Uint8Array.of(2) });

test('what proofs come to, each coin once', () => {
  const most = 21_000_000n * 100_000_000n;
  const first = proofOf(coin(1, 0, 5n), coin(1, 1, most));
  assert.equal(provenSats([]), 0n);
  assert.equal(provenSats([first, proofOf(coin(1, 0, 5n), coin(2, 0, 7n))]), 12n + most);
  assert.throws(() => provenSats(['{"coins":[{"txid":"a"}]}']), { code: 'bad-reserve' });
});

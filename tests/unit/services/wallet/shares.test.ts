import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../../protocols/bytes.ts';
import { openScene } from './scene.ts';

test("the shares of all our keys are told of, what was minted among them, and nobody else's", async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  assert.deepEqual(await wallet.shares(), []);
  const keys = await Promise.all(Array.from({ length: 51 }, (_, i) => wallet.keyForChannel(`channel ${i}`)));
  const [first, last] = [keys[0], keys.at(-1)];
  assert.ok(first && last);
  const minted = mint.addQuote(first, 8n);
  await wallet.collect();
  const open55 = mint.addQuote(last, 1n << 55n, 'UNPAID');
  mint.addQuote(new Uint8Array(33).fill(2), 4n);
  const shares = await wallet.shares();
  assert.deepEqual(
    shares.map(({ quote, amount, state, pubkey }) => [quote, amount, state, pubkey]),
    [
      [minted, 8n, 'ISSUED', toHex(first)],
      [open55, 1n << 55n, 'UNPAID', toHex(last)],
    ],
  );
  assert.ok(shares.every(({ request }) => /^[0-9a-f]{64}$/.test(request)));
});

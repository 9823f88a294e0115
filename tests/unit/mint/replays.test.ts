import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { auditMint } from '../../../roles/mint/books.ts';
import { openTestMint } from './support.ts';

test('NUT-19: a swap again has the same answer, also at once, after a restart and in an inactive keyset', async (t) => {
  const mint = await openTestMint(t);
  const [proof, other, third] = await mint.proofs([3, 3, 3]);
  assert.ok(proof && other && third);
  const outputs = [mint.blind(2), mint.blind(2)];
  const swap = () => mint.engine.swap([proof], outputs);
  const [first, ...same] = await Promise.all([swap(), swap(), swap(), swap()]);
  for (const answer of same) assert.deepEqual(answer, first);
  await mint.restart();
  assert.deepEqual(await swap(), first);
  const { signed, spent } = auditMint(mint.path);
  assert.deepEqual([signed.count, spent.count], [5, 1], 'nothing was signed or spent twice');

  const spentElsewhere = mint.engine.swap([proof], [mint.blind(3)]);
  await assert.rejects(spentElsewhere, { code: 'proofs-spent' });
  await assert.rejects(
    mint.engine.swap([other], outputs),
    { code: 'outputs-signed' },
    'its proof is unspent',
  );
  await assert.rejects(mint.engine.swap([proof], outputs.slice(0, 1)), { code: 'not-balanced' });
  const [a, b] = outputs;
  assert.ok(a && b);
  const relabelled = [{ ...a, exponent: 1 }, mint.blind(1), b];
  await assert.rejects(mint.engine.swap([proof], relabelled), { code: 'proofs-spent' });
  const forged = { ...proof, signature: third.signature };
  await assert.rejects(mint.engine.swap([forged], outputs), { code: 'proof-invalid' });
});

test('NUT-19: a mint again has the same answer, and another over the same quote none', async (t) => {
  const mint = await openTestMint(t);
  const secretKey = randomBytes(32);
  const quotes = await mint.addQuotes(mint.curve.publicKey(secretKey), [1, 1]);
  const outputs = [mint.blind(2)];
  const signatures = quotes.map((quote) => mint.sign(quote, outputs, secretKey));
  const first = await mint.engine.mint({ quotes, outputs, signatures });
  assert.deepEqual(await mint.engine.mint({ quotes, outputs, signatures }), first);
  const fresh = [mint.blind(2)];
  await assert.rejects(mint.engine.mint({ quotes, outputs: fresh, signatures }), { code: 'quote-issued' });

  const [unissued = ''] = await mint.addQuotes(mint.curve.publicKey(secretKey), [2]);
  const again = { quotes: [unissued], outputs, signatures: [mint.sign(unissued, outputs, secretKey)] };
  await assert.rejects(mint.engine.mint(again), { code: 'outputs-signed' });
  assert.deepEqual(
    (await mint.engine.quotes([unissued])).map(({ state }) => state),
    ['PAID'],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditMint } from '../../../roles/mint/books.ts';
import { openTestMint } from './support.ts';

test('a quote is minted, its token swapped, and the books add up', async (t) => {
  const mint = await openTestMint(t);
  const proofs = await mint.proofs([3, 5]);
  const outputs = [mint.blind(3), mint.blind(5)];
  await mint.engine.swap(proofs, outputs);
  const books = auditMint(mint.path);
  assert.equal(books.issued.sum, 40n);
  assert.equal(books.outstanding, 40n);
  assert.deepEqual(await mint.engine.figures(), {
    quotes: 2,
    ehash_total: 40n,
    ehash_waiting: 0n,
    ehash_issued: 40n,
  });
  await assert.rejects(mint.engine.swap(proofs, [mint.blind(3), mint.blind(5)]), { code: 'proofs-spent' });
  await mint.restart();
  await assert.rejects(mint.engine.swap(proofs, [mint.blind(3), mint.blind(5)]), { code: 'proofs-spent' });
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { HashpoolError } from '../../../protocols/errors.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { openTestMint } from './support.ts';

const RACERS = 200;

/** How each promise ended: 'won', or the error's code. */
async function endings(racers: readonly Promise<unknown>[]): Promise<Map<string, number>> {
  const results = await Promise.allSettled(racers);
  const codes = results.map((result) => {
    if (result.status === 'fulfilled') return 'won';
    return result.reason instanceof HashpoolError ? result.reason.code : String(result.reason);
  });
  return new Map([...Map.groupBy(codes, (code) => code)].map(([code, group]) => [code, group.length]));
}

test('one token in 200 swaps at once: one wins', async (t) => {
  const mint = await openTestMint(t);
  const proofs = await mint.proofs([4]);
  const before = auditMint(mint.path);
  const racers = Array.from({ length: RACERS }, () => mint.engine.swap(proofs, [mint.blind(4)]));
  assert.deepEqual(
    await endings(racers),
    new Map([
      ['won', 1],
      ['proofs-spent', RACERS - 1],
    ]),
  );
  const after = auditMint(mint.path);
  assert.equal(after.outstanding, before.outstanding);
  assert.equal(after.spent.count, 1);
});

test('one quote in 200 mints and batches at once: one wins', async (t) => {
  const mint = await openTestMint(t);
  const secretKey = randomBytes(32);
  const [quote = '', ...others] = await mint.addQuotes(
    mint.curve.publicKey(secretKey),
    Array.from({ length: 1 + RACERS / 2 }, () => 2),
  );
  const singles = Array.from({ length: RACERS / 2 }, () => {
    const outputs = [mint.blind(2)];
    return mint.engine.mint({ quotes: [quote], outputs, signatures: [mint.sign(quote, outputs, secretKey)] });
  });
  const batches = others.map((other) => {
    const outputs = [mint.blind(3)];
    const quotes = [other, quote];
    return mint.engine.mint({
      quotes,
      outputs,
      signatures: quotes.map((each) => mint.sign(each, outputs, secretKey)),
    });
  });
  assert.deepEqual(
    await endings([...singles, ...batches]),
    new Map([
      ['won', 1],
      ['quote-issued', RACERS - 1],
    ]),
  );
  const books = auditMint(mint.path);
  assert.equal(books.outstanding, books.issued.sum);
  const wonByBatch = books.issued.count === 2;
  assert.equal(books.issued.sum, wonByBatch ? 8n : 4n);
});

test('one blinded message in 50 mints of as many quotes at once: one wins, the other quotes stay paid', async (t) => {
  const mint = await openTestMint(t);
  const secretKey = randomBytes(32);
  const quotes = await mint.addQuotes(
    mint.curve.publicKey(secretKey),
    Array.from({ length: 50 }, () => 1),
  );
  const outputs = [mint.blind(1)];
  const racers = quotes.map((quote) =>
    mint.engine.mint({ quotes: [quote], outputs, signatures: [mint.sign(quote, outputs, secretKey)] }),
  );
  assert.deepEqual(
    await endings(racers),
    new Map([
      ['won', 1],
      ['outputs-signed', 49],
    ]),
  );
  const states = (await mint.engine.quotes(quotes)).map(({ state }) => state);
  assert.equal(states.filter((state) => state === 'PAID').length, 49);
});

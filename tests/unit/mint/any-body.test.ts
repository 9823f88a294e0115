import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cashuErrors } from '../../../protocols/cashu/errors.ts';
import { openWeb } from './web.ts';

const endpoints = [
  '/v1/swap',
  '/v1/checkstate',
  '/v1/restore',
  '/v1/mint/ehash',
  '/v1/mint/ehash/batch',
  '/v1/mint/quote/ehash',
  '/v1/mint/quote/ehash/check',
  '/v1/mint/quote/ehash/pubkey',
  '/v1/melt/ehash',
];
const point = `02${'11'.repeat(32)}`;

/** Values that are right somewhere, and some that are right nowhere. */
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    0,
    -1,
    1,
    2 ** 53,
    '',
    point,
    `01${'00'.repeat(32)}`,
    '00'.repeat(64),
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  ),
);
const item = fc.record(
  { amount: value, id: value, B_: value, secret: value, C: value },
  { requiredKeys: [] },
);
const fields = fc.record(
  Object.fromEntries(
    ['inputs', 'outputs', 'quotes', 'Ys', 'pubkeys', 'signatures', 'quote_amounts', 'pubkey_signatures'].map(
      (name) => [name, fc.oneof(value, fc.array(fc.oneof(value, item), { maxLength: 3 }))],
    ),
  ),
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc
    .tuple(
      fields,
      fc.record({ quote: value, signature: value, limit: value, cursor: value }, { requiredKeys: [] }),
    )
    .map(([lists, singles]) => JSON.stringify({ ...lists, ...singles })),
  fc.json(),
  fc.string(),
  fc.constantFrom(
    '['.repeat(500_000),
    `{"inputs":${'['.repeat(60)}${']'.repeat(60)}}`,
    '{"inputs":'.repeat(50_000),
  ),
);

test('whatever is sent, the answer is a refusal that names a field, never a failure', async (t) => {
  const mint = await openWeb(t);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...endpoints), body, async (url, payload) => {
      const { statusCode, body: text } = await mint.http.inject({ method: 'POST', url, payload });
      if (statusCode === 200) return;
      assert.equal(statusCode, 400, text);
      const { code, detail } = JSON.parse(text);
      assert.notEqual(code, cashuErrors['mint-failed'].number, text);
      assert.equal(typeof detail, 'string');
    }),
    { numRuns: 2000 },
  );
});

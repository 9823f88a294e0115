import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { toHex, utf8 } from '../../../protocols/bytes.ts';
import { MintEvents } from '../../../roles/mint/events.ts';
import { openTestMint } from './support.ts';

test('each listener hears until it ends, and one that fails silences no other', () => {
  const errors: unknown[] = [];
  const heard: string[] = [];
  const events = new MintEvents((error) => errors.push(error));
  const trouble = new Error('trouble');
  events.on('quote-changed', () => {
    throw trouble;
  });
  const end = events.on('quote-changed', ({ quote }) => heard.push(quote ?? ''));
  events.on('proofs-changed', ({ state }) => heard.push(state));
  const change = { kind: 'mint', method: 'ehash' } as const;
  events.emit('quote-changed', { ...change, quote: 'a' });
  events.emit('proofs-changed', { ys: [], state: 'PENDING' });
  end();
  events.emit('quote-changed', { ...change, quote: 'b' });
  assert.deepEqual(heard, ['a', 'PENDING']);
  assert.deepEqual(errors, [trouble, trouble]);
});

test('a mint and a swap are told once they are stored, a refused one is not', async (t) => {
  const mint = await openTestMint(t);
  const told: unknown[] = [];
  mint.engine.events.on('quote-changed', (event) => told.push(event));
  mint.engine.events.on('proofs-changed', ({ ys, state }) => told.push([ys.map(toHex), state]));
  const secretKey = randomBytes(32);
  const [quote = ''] = await mint.addQuotes(mint.curve.publicKey(secretKey), [3]);
  const output = mint.blind(3);
  const signatures = [mint.sign(quote, [output], secretKey)];
  const [issued] = await mint.engine.mint({ quotes: [quote], outputs: [output], signatures });
  assert.ok(issued);
  assert.deepEqual(told.splice(0), [{ kind: 'mint', method: 'ehash', quote }]);

  const proof = mint.unblind(output, issued);
  await mint.engine.swap([proof], [mint.blind(3)]);
  const y = toHex(mint.curve.hashToCurve(utf8(proof.secret)));
  assert.deepEqual(told.splice(0), [[[y], 'SPENT']]);
  await assert.rejects(mint.engine.swap([proof], [mint.blind(3)]), { code: 'proofs-spent' });
  assert.deepEqual(told, []);
});

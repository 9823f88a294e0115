import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../protocols/bytes.ts';
import type { Protocol } from '../../protocols/sv2/codec.ts';
import { cashu } from '../fuzz/cashu.ts';
import { corpusFile, readCorpus } from '../fuzz/corpus.ts';
import { decoder } from '../fuzz/decoder.ts';
import { fuzz } from '../fuzz/fuzz.ts';
import { handshake } from '../fuzz/handshake.ts';
import { protocols } from '../fuzz/protocols.ts';
import { sv1 } from '../fuzz/sv1.ts';

/** What reads as much as there is to read. */
const tolerant = ['witnesses', 'X-Forwarded-For'];

for (const [name, targets, inputs] of [
  ['decoder', decoder, 100_000],
  ['handshake', handshake, 500],
  ['SV1 parser', sv1, 50_000],
  ['mint', cashu, 20_000],
] as const) {
  test(`${inputs} broken inputs: the ${name} takes or refuses each in words, and takes some and refuses some`, () => {
    for (const [what, { taken, refused }] of fuzz(targets, { inputs, seed: 1 })) {
      if (!tolerant.includes(what)) assert.ok(refused > 0, `${what} refused nothing`);
      if (what !== 'authority keys') assert.ok(taken > 0, `${what} took nothing`);
    }
  });
}

test('a finding names the seed that gives it again', () => {
  const broken = {
    name: 'broken',
    weight: 1,
    refusals: /^sv2-/,
    run(random: { below(limit: number): number }) {
      if (random.below(100) === 0) throw new TypeError('unforeseen');
    },
  };
  let words = '';
  try {
    fuzz([broken], { inputs: 10_000, seed: 5 });
  } catch (error) {
    words = String(error);
  }
  const seed = Number(/again with 1 input and seed (\d+)/.exec(words)?.[1]);
  assert.throws(() => fuzz([broken], { inputs: 1, seed }), { message: words.replace('Error: ', '') });
});

for (const [name, protocol] of Object.entries(protocols)) {
  test(`the corpus of ${name} messages is what the encoder makes of what the decoder reads`, () => {
    const { decode, encode } = protocol as Protocol<{ readonly name: string }>;
    for (const frame of readCorpus(corpusFile(name as keyof typeof protocols))) {
      assert.equal(toHex(encode(decode(frame).message)), toHex(frame));
    }
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import {
  addWitness,
  type CoinbaseLayout,
  coinbaseParts,
  coinbaseTxid,
  hasWitness,
  stripParts,
  stripWitness,
  witnessParts,
} from '../../../../protocols/bitcoin/coinbase.ts';
import { decodeOutputs, encodeOutput, encodeOutputs } from '../../../../protocols/bitcoin/output.ts';
import { heightPush } from '../../../../protocols/bitcoin/script.ts';
import { witnessCommitmentScript } from '../../../../protocols/bitcoin/witness-commitment.ts';
import { concatBytes, fromHex, reversed, toHex, utf8 } from '../../../../protocols/bytes.ts';

const commitment = witnessCommitmentScript([]);
const layout: CoinbaseLayout = {
  version: 2,
  scriptPrefix: heightPush(840_000),
  tag: utf8('hashpool'),
  extranonceLength: 12,
  sequence: 0xfffffffe,
  outputs: [{ value: 312_500_000n, script: fromHex(`0014${'ab'.repeat(20)}`) }],
  templateOutputs: encodeOutput({ value: 0n, script: commitment }),
  templateOutputsCount: 1,
  locktime: 839_999,
};

function assembled(changes: Partial<CoinbaseLayout> = {}, fill = 0x5a): Uint8Array {
  const used = { ...layout, ...changes };
  const { prefix, suffix } = coinbaseParts(used);
  return concatBytes(prefix, new Uint8Array(used.extranonceLength).fill(fill), suffix);
}

test('the parts around the extranonce are the transaction that bitcoinjs-lib reads', () => {
  const stripped = assembled();
  const transaction = Transaction.fromBuffer(stripped);
  assert.equal(transaction.version, 2);
  assert.equal(transaction.locktime, 839_999);
  assert.equal(transaction.ins.length, 1);
  const [input] = transaction.ins;
  assert(input !== undefined && transaction.isCoinbase());
  assert.equal(input.sequence, 0xfffffffe);
  assert.equal(toHex(input.script), `0340d10c08${toHex(utf8('hashpool'))}0c${'5a'.repeat(12)}`);
  assert.deepEqual(
    transaction.outs.map(({ value, script }) => [value, toHex(script)]),
    [
      [312_500_000n, `0014${'ab'.repeat(20)}`],
      [0n, toHex(commitment)],
    ],
  );
  assert.equal(toHex(reversed(coinbaseTxid(stripped))), transaction.getId());
});

test('the full form has the same txid, and one witness item of 32 zero bytes', () => {
  const stripped = assembled();
  const full = addWitness(stripped);
  assert(hasWitness(full) && !hasWitness(stripped));
  const transaction = Transaction.fromBuffer(full);
  assert.deepEqual(transaction.ins[0]?.witness.map(toHex), ['00'.repeat(32)]);
  assert.equal(transaction.getId(), Transaction.fromBuffer(stripped).getId());
  assert.deepEqual(coinbaseTxid(full), coinbaseTxid(stripped));
  assert.deepEqual(stripWitness(full), stripped);
  assert.deepEqual(addWitness(full), full);
  assert.deepEqual(stripWitness(stripped), stripped);
});

test("an upstream's full halves are stripped, stripped ones left alone", () => {
  const stripped = assembled();
  const full = addWitness(stripped);
  const { prefix, suffix } = coinbaseParts(layout);
  const fullPrefix = full.subarray(0, prefix.length + 2);
  const fullSuffix = full.subarray(fullPrefix.length + layout.extranonceLength);
  assert.deepEqual(stripParts({ prefix: fullPrefix, suffix: fullSuffix }), { prefix, suffix });
  assert.deepEqual(stripParts({ prefix, suffix }), { prefix, suffix });
  assert.deepEqual(witnessParts({ prefix, suffix }), { prefix: fullPrefix, suffix: fullSuffix });
});

test('a marker without the witness that belongs to it is refused', () => {
  const full = addWitness(assembled());
  full[full.length - 4 - 34] = 2;
  assert.throws(() => stripWitness(full), { code: 'bad-coinbase-witness' });
  assert.throws(() => coinbaseTxid(fromHex('02000000000100000000')), { code: 'bad-coinbase-witness' });
});

test('the script has at most 100 bytes: the tag may take what height and extranonce leave', () => {
  const longest = assembled({ tag: new Uint8Array(81) });
  assert.equal(Transaction.fromBuffer(longest).ins[0]?.script.length, 100);
  assert.throws(() => coinbaseParts({ ...layout, tag: new Uint8Array(82) }), {
    code: 'coinbase-script-too-long',
    message: /101 bytes, more than 100: shorten the pool's tag \(82 bytes\) or the extranonce \(12\)/,
  });
});

test('no tag, no push for it', () => {
  const script = Transaction.fromBuffer(assembled({ tag: new Uint8Array() })).ins[0]?.script;
  assert.equal(toHex(script ?? new Uint8Array()), `0340d10c0c${'5a'.repeat(12)}`);
});

test('outputs are those that bitcoinjs-lib reads, whatever their number and size', () => {
  const output = fc
    .tuple(fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }), fc.uint8Array({ maxLength: 300 }))
    .map(([value, script]) => ({ value, script }));
  fc.assert(
    fc.property(fc.array(output, { maxLength: 300 }), (outputs) => {
      const read = Transaction.fromBuffer(
        assembled({ outputs, templateOutputs: new Uint8Array(), templateOutputsCount: 0 }),
      );
      assert.deepEqual(
        read.outs.map(({ value, script }) => [value, toHex(script)]),
        outputs.map(({ value, script }) => [value, toHex(script)]),
      );
      const bytes = encodeOutputs(outputs);
      assert.deepEqual(decodeOutputs(bytes, outputs.length), outputs);
      if (outputs.length > 0) {
        assert.throws(() => decodeOutputs(bytes.subarray(0, -1), outputs.length), { code: 'cut-short' });
      }
    }),
    { numRuns: 30 },
  );
});

test('the witness commitment of an empty block is the one that bitcoind gives', () => {
  assert.equal(
    toHex(commitment),
    '6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9',
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Transaction } from 'bitcoinjs-lib';
import { transactionIds } from '../../../../protocols/bitcoin/transaction.ts';
import { concatBytes, fromHex, reversed, toHex } from '../../../../protocols/bytes.ts';

function sample(inputs: number, outputs: number, hasWitness: boolean): Transaction {
  const transaction = new Transaction();
  transaction.version = 2;
  transaction.locktime = 77;
  for (let i = 0; i < inputs; i++) {
    transaction.addInput(new Uint8Array(32).fill(i + 1), i, 0xfffffffd, fromHex('0051'));
    if (hasWitness) transaction.setWitness(i, [fromHex('aabbcc'), new Uint8Array(i)]);
  }
  for (let i = 0; i < outputs; i++) transaction.addOutput(fromHex('51'), BigInt(i) * 1000n);
  return transaction;
}

test('ids are those of another implementation, with witnesses and without', () => {
  for (const [inputs, outputs, hasWitness] of [
    [1, 1, false],
    [1, 2, true],
    [3, 300, true],
    [260, 1, false],
  ] as const) {
    const transaction = sample(inputs, outputs, hasWitness);
    const { txidLe, wtxidLe } = transactionIds(transaction.toBuffer());
    assert.equal(toHex(reversed(txidLe)), transaction.getId());
    assert.equal(toHex(wtxidLe), toHex(transaction.getHash(true)));
  }
});

test('bytes that are no transaction, or more than one, are refused', () => {
  const bytes = sample(2, 2, true).toBuffer();
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => transactionIds(bytes.subarray(0, length)), { code: 'bad-transaction' });
  assert.throws(() => transactionIds(concatBytes(bytes, fromHex('00'))), { code: 'bad-transaction' });
  assert.throws(() => transactionIds(bytes.map((byte, i) => (i === 5 ? 2 : byte))), {
    code: 'bad-transaction',
  });
});

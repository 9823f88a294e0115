import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitBlock, reservedWeight } from '../../../../domain/templates/fit-block.ts';
import { foldMerklePath, merkleRoot } from '../../../../protocols/bitcoin/merkle.ts';
import { witnessCommitmentScript } from '../../../../protocols/bitcoin/witness-commitment.ts';
import { blockTemplate, transaction } from './fixture.ts';

const NO_ROOM = { size: 0, sigops: 0 };

test('weight kept free: 1168 and four for each byte of outputs, 2000 at least', () => {
  assert.equal(reservedWeight({ size: 0, sigops: 0 }), 2000);
  assert.equal(reservedWeight({ size: 208, sigops: 0 }), 2000);
  assert.equal(reservedWeight({ size: 209, sigops: 0 }), 2004);
  assert.equal(reservedWeight({ size: 10_000, sigops: 0 }), 41_168);
});

test('what fits is left as the node has it', () => {
  const template = blockTemplate([transaction(1), transaction(2), transaction(3)]);
  const block = fitBlock(template, { size: 100, sigops: 400 });
  assert.deepEqual(block.transactions, template.transactions);
  assert.equal(block.coinbaseValue, template.coinbaseValue);
  assert.strictEqual(block.witnessCommitment, template.witnessCommitment);
  const coinbase = new Uint8Array(32).fill(77);
  const txids = template.transactions.map(({ txidLe }) => txidLe);
  assert.deepEqual(foldMerklePath(coinbase, block.merklePath), merkleRoot([coinbase, ...txids]));
});

test('the last transactions make way; fees, path and commitment follow', () => {
  const transactions = [1, 2, 3, 4].map((number) => transaction(number, { fee: BigInt(number) * 100n }));
  const block = fitBlock(blockTemplate(transactions, { weightLimit: 4_500 }), NO_ROOM);
  const kept = transactions.slice(0, 2);
  assert.deepEqual(block.transactions, kept);
  assert.equal(block.coinbaseValue, 312_500_000n + 300n);
  assert.deepEqual(block.witnessCommitment, witnessCommitmentScript(kept.map(({ wtxidLe }) => wtxidLe)));
  assert.equal(block.merklePath.length, 2);
});

test('signature operations are a limit as well as weight', () => {
  const template = blockTemplate([transaction(1), transaction(2)], { sigopLimit: 10 });
  assert.equal(fitBlock(template, { size: 0, sigops: 2 }).transactions.length, 2);
  assert.equal(fitBlock(template, { size: 0, sigops: 3 }).transactions.length, 1);
});

test('nothing is kept whose parent was left out', () => {
  const large = transaction(1, { weight: 3_000 });
  const template = blockTemplate([large, transaction(2), transaction(3), transaction(4)], {
    weightLimit: 4_500,
    depends: [[], [0], [], [1]],
  });
  assert.deepEqual(fitBlock(template, NO_ROOM).transactions, [template.transactions[2]]);
});

test('a chain without segwit keeps having no commitment', () => {
  const template = blockTemplate([transaction(1)], { witnessCommitment: undefined, weightLimit: 2_500 });
  assert.equal(fitBlock(template, NO_ROOM).witnessCommitment, undefined);
});

test('whatever the template, the block stays within its limits and spends only from what is in it', () => {
  const shape = fc.array(
    fc.record({
      weight: fc.integer({ min: 1, max: 900 }),
      sigops: fc.integer({ min: 0, max: 9 }),
      parent: fc.nat(30),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(
      shape,
      fc.integer({ min: 2000, max: 9000 }),
      fc.integer({ min: 0, max: 100 }),
      (shapes, weightLimit, sigopLimit) => {
        const transactions = shapes.map(({ weight, sigops }, number) =>
          transaction(number, { weight, sigops }),
        );
        const depends = shapes.map(({ parent }, place) => (parent < place ? [parent] : []));
        const block = fitBlock(blockTemplate(transactions, { depends, weightLimit, sigopLimit }), NO_ROOM);
        const sum = (pick: (of: { weight: number; sigops: number }) => number): number =>
          block.transactions.reduce((total, each) => total + pick(each), 0);
        assert(sum(({ weight }) => weight) <= weightLimit - 2000);
        assert(sum(({ sigops }) => sigops) <= sigopLimit);
        const places = block.transactions.map((each) => transactions.indexOf(each));
        assert.deepEqual(
          places,
          [...places].sort((a, b) => a - b),
          'in order',
        );
        for (const place of places)
          for (const parent of depends[place] ?? []) assert(places.includes(parent));
        const fees = block.transactions.reduce((total, { fee }) => total + fee, 0n);
        assert.equal(block.coinbaseValue, 312_500_000n + fees);
      },
    ),
  );
});

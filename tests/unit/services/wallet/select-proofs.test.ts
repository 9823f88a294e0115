import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Proof, sumOf } from '../../../../services/wallet/proofs.ts';
import { selectAtLeast, selectExactly, selectForSwap } from '../../../../services/wallet/select-proofs.ts';

/** Proofs of 2^exponent each, the largest first, as the wallet lists them. */
const proofs = fc.array(fc.nat(20), { maxLength: 40 }).map((exponents) =>
  exponents
    .sort((a, b) => b - a)
    .map((exponent, i): Proof => {
      return {
        secret: String(i),
        keysetId: '',
        amount: 1n << BigInt(exponent),
        c: '',
        dleq: { e: '', s: '', r: '' },
      };
    }),
);
const amount = fc.bigInt(1n, 1n << 22n);
const free = () => 0n;

test('what is chosen exactly adds up, and is chosen wherever any subset adds up', () => {
  fc.assert(
    fc.property(proofs, fc.func(fc.boolean()), (all, isWanted) => {
      const wanted = sumOf(all.filter((proof) => isWanted(proof.secret)));
      const chosen = selectExactly(all, wanted);
      assert.ok(chosen);
      assert.equal(sumOf(chosen), wanted);
      assert.equal(new Set(chosen).size, chosen.length);
    }),
  );
});

test('after the swap the amount is there exactly, whenever the sum suffices', () => {
  fc.assert(
    fc.property(proofs, amount, (all, wanted) => {
      fc.pre(!selectExactly(all, wanted));
      const choice = selectForSwap(all, wanted, free);
      assert.equal(choice !== undefined, sumOf(all) >= wanted);
      if (!choice) return;
      assert.equal(choice.inputs.length, 1);
      const rest = all.filter((proof) => !choice.inputs.includes(proof));
      const kept = selectExactly(rest, wanted - choice.missing);
      assert.ok(kept);
      assert.ok(sumOf(choice.inputs) >= choice.missing);
    }),
  );
});

test('what is at least so much covers its own fee, and is exact where it can be', () => {
  const third = (inputs: readonly Proof[]) => BigInt(Math.ceil(inputs.length / 3));
  fc.assert(
    fc.property(proofs, amount, (all, wanted) => {
      const chosen = selectAtLeast(all, wanted, free);
      assert.equal(chosen !== undefined, sumOf(all) >= wanted);
      const exact = selectExactly(all, wanted);
      if (exact) assert.deepEqual(chosen, exact);
      const paying = selectAtLeast(all, wanted, third);
      if (!paying) return assert.ok(sumOf(all) < wanted + third(all));
      assert.equal(new Set(paying).size, paying.length);
      assert.ok(sumOf(paying) >= wanted + third(paying));
      // No proof is there for nothing: without the last one it would be too little.
      assert.ok(sumOf(paying.slice(0, -1)) < wanted + third(paying));
    }),
  );
});

test('fees are paid by further proofs, and what can not pay them is not chosen', () => {
  const [eight, four, one] = [8n, 4n, 1n].map(
    (value): Proof => ({
      secret: `${value}`,
      keysetId: '',
      amount: value,
      c: '',
      dleq: { e: '', s: '', r: '' },
    }),
  );
  assert.ok(eight && four && one);
  const oneEach = (inputs: readonly Proof[]) => BigInt(inputs.length);
  assert.deepEqual(selectForSwap([eight, one], 3n, oneEach), { inputs: [eight], missing: 2n });
  assert.deepEqual(selectForSwap([four, four], 3n, oneEach), { inputs: [four], missing: 3n });
  assert.equal(selectForSwap([four], 4n, oneEach), undefined);
  assert.equal(selectForSwap([four], 5n, oneEach), undefined);
});

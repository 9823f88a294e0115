import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { splitAmount, sumOf } from '../../../protocols/cashu/amount.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { openTestMint, type TestMint } from './support.ts';

/** What a wallet, honest or not, may do next; numbers choose among what it has. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('work' as const),
      exponents: fc.array(fc.nat({ max: 62 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('mint' as const), pick: fc.nat(), extra: fc.nat({ max: 2 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('swap' as const),
      pick: fc.nat(),
      replay: fc.boolean(),
      extra: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A wallet that remembers everything, also what it must not use again. */
class Wallet {
  readonly #mint: TestMint;
  readonly #secretKey = randomBytes(32);
  readonly #quotes: { name: string; exponent: number }[] = [];
  readonly #proofs: Input[] = [];
  readonly #spent: Input[] = [];

  constructor(mint: TestMint) {
    this.#mint = mint;
  }

  get balance(): bigint {
    return sumOf(this.#proofs.map(({ exponent }) => exponent));
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'work') await this.#work(step.exponents);
    if (step.kind === 'mint') await this.#mintOne(step.pick, step.extra);
    if (step.kind === 'swap') await this.#swap(step.pick, step.replay, step.extra);
    if (step.kind === 'restart') await this.#mint.restart();
  }

  async #work(exponents: readonly number[]): Promise<void> {
    const names = await this.#mint.addQuotes(this.#mint.curve.publicKey(this.#secretKey), exponents);
    this.#quotes.push(...names.map((name, i) => ({ name, exponent: exponents[i] ?? 0 })));
  }

  async #mintOne(pick: number, extra: number): Promise<void> {
    const quote = this.#quotes[pick % Math.max(1, this.#quotes.length)];
    if (!quote) return;
    const outputs = [
      this.#mint.blind(quote.exponent),
      ...Array.from({ length: extra }, () => this.#mint.blind(0)),
    ];
    const signatures = [this.#mint.sign(quote.name, outputs, this.#secretKey)];
    const issued = await allowed(
      this.#mint.engine.mint({ quotes: [quote.name], outputs, signatures }),
      'not-balanced',
      'quote-issued',
    );
    issued?.forEach((signature, i) => {
      const output = outputs[i];
      if (output) this.#proofs.push(this.#mint.unblind(output, signature));
    });
  }

  async #swap(pick: number, replay: boolean, extra: boolean): Promise<void> {
    const from = replay && this.#spent.length > 0 ? this.#spent : this.#proofs;
    const inputs = from.slice(pick % Math.max(1, from.length)).slice(0, 3);
    if (inputs.length === 0) return;
    const total = sumOf(inputs.map(({ exponent }) => exponent));
    const fits = splitAmount(total).every((exponent) => exponent <= 62);
    const exponents = fits ? splitAmount(total) : inputs.map(({ exponent }) => exponent);
    const outputs = [...exponents, ...(extra ? [0] : [])].map((exponent) => this.#mint.blind(exponent));
    const issued = await allowed(this.#mint.engine.swap(inputs, outputs), 'not-balanced', 'proofs-spent');
    if (!issued) return;
    assert.equal(from, this.#proofs, 'spent proofs were taken again');
    this.#spent.push(...this.#proofs.splice(this.#proofs.indexOf(inputs[0] as Input), inputs.length));
    this.#proofs.push(
      ...issued.flatMap((signature, i) => (outputs[i] ? [this.#mint.unblind(outputs[i], signature)] : [])),
    );
  }
}

async function allowed<T>(request: Promise<T>, ...codes: string[]): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isHashpoolError(error, ...codes)) return undefined;
    throw error;
  }
}

test('after any history, what was issued less what was spent is what wallets hold', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (history) => {
      const mint = await openTestMint(t);
      const wallet = new Wallet(mint);
      for (const each of history) await wallet.take(each);
      const books = auditMint(mint.path);
      assert.equal(books.outstanding, wallet.balance);
      assert.equal(books.outstanding, books.issued.sum);
      assert.equal(books.quotes.sum, books.issued.sum + books.waiting.sum);
      assert.deepEqual(await mint.engine.figures(), {
        quotes: books.quotes.count,
        ehash_total: books.quotes.sum,
        ehash_waiting: books.waiting.sum,
        ehash_issued: books.issued.sum,
      });
    }),
    { numRuns: 8 },
  );
});

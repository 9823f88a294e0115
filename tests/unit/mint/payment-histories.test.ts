import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { mismatchOf } from '../../../domain/ledger/sums.ts';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { sumOf } from '../../../protocols/cashu/amount.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import type { IssuedSignature } from '../../../roles/mint/issuance.ts';
import type { MeltQuote } from '../../../roles/mint/payments/melt-quotes.ts';
import { openTestPayments, type TestPayments } from './payments-support.ts';
import type { Blinded } from './support.ts';

/** What becomes of a payment, at once and when it is looked up. */
const ends = {
  paid: {},
  failed: { pay_invoice_state: 'FAILED' },
  paidLater: { pay_invoice_state: 'PENDING', check_payment_state: 'PAID' },
  failedLater: { pay_invoice_state: 'PENDING', check_payment_state: 'FAILED' },
  paidUnheard: { pay_err: true },
} as const;
const fees = { fake: 1n, inside: 0n };

/** One in five. */
const seldom = fc.nat({ max: 4 }).map((n) => n === 0);
const pick = fc.nat({ max: 50 });

/** What a wallet, honest or not, may do next; numbers choose among what it has. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pay' as const),
      amount: fc.integer({ min: 1, max: 64 }),
      waits: seldom,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mint' as const), pick, extra: seldom }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('swap' as const), pick, extra: seldom, replay: seldom }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('melt' as const),
      pick,
      end: fc.constantFrom(...(Object.keys(ends) as (keyof typeof ends)[])),
      blanks: fc.nat({ max: 8 }),
      replay: seldom,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('inside' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('look' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Pending {
  /** Whether the money has left, though the mint does not know. */
  readonly hasLeft: boolean;
  readonly quote: MeltQuote;
  readonly inputs: readonly Input[];
  readonly blanks: readonly Blinded[];
}

const worth = (proofs: readonly { readonly exponent: number }[]) =>
  sumOf(proofs.map(({ exponent }) => exponent));

/** A wallet that remembers everything, also what it must not use again, and what it gave for nothing. */
class Wallet {
  readonly #test: TestPayments;
  readonly #quotes: { name: string; amount: number }[] = [];
  #proofs: Input[] = [];
  #pending: Pending[] = [];
  readonly #spent: Input[] = [];
  given = 0n;
  melted = 0;

  constructor(test: TestPayments) {
    this.#test = test;
  }

  /** What it holds, in payments under way too. */
  get balance(): bigint {
    return worth(this.#proofs) + this.#pending.reduce((sum, { inputs }) => sum + worth(inputs), 0n);
  }

  /** What payments under way have taken from the backend. */
  get left(): bigint {
    const gone = this.#pending.filter(({ hasLeft }) => hasLeft);
    return gone.reduce((sum, { quote }) => sum + quote.amount + fees.fake, 0n);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'pay':
        this.#quotes.push({ name: await this.#test.paidQuote(step.amount), amount: step.amount });
        return step.waits ? undefined : this.#mint(this.#quotes.length - 1, false);
      case 'mint':
        return this.#mint(step.pick, step.extra);
      case 'swap':
        return this.#swap(step.pick, step.extra, step.replay);
      case 'melt': {
        const inputs = this.#some(step.pick, step.replay);
        const amount = Number(worth(inputs)) - 2;
        if (amount < 1) return;
        const hasLeft = step.end === 'paidLater' || step.end === 'paidUnheard';
        return this.#melt(await this.#test.meltQuote(amount, ends[step.end]), inputs, step.blanks, hasLeft);
      }
      case 'inside':
        return this.#inside(step.pick);
      case 'look':
        await this.#test.payments.lookAfter(Date.now() + 60_000);
        return this.settle();
    }
  }

  async #mint(pick: number, extra: boolean): Promise<void> {
    const quote = this.#quotes[pick % Math.max(1, this.#quotes.length)];
    if (!quote) return;
    const outputs = this.#test.outputs(quote.amount + (extra ? 1 : 0));
    const request = { quotes: [quote.name], outputs, signatures: [undefined] };
    this.#receive(
      outputs,
      await allowed(this.#test.payments.mintQuotes.mint('bolt11', request), 'not-balanced', 'quote-issued'),
    );
  }

  async #swap(pick: number, extra: boolean, replay: boolean): Promise<void> {
    const inputs = this.#some(pick, replay);
    if (inputs.length === 0) return;
    const outputs = this.#test.outputs(Number(worth(inputs)) + (extra ? 1 : 0));
    const swapping = this.#test.mint.engine.swap(inputs, outputs);
    const issued = await allowed(swapping, 'not-balanced', 'proofs-spent', 'proofs-pending');
    if (issued) this.#spend(inputs);
    this.#receive(outputs, issued);
  }

  async #inside(pick: number): Promise<void> {
    const inputs = this.#some(pick, false);
    if (inputs.length === 0) return;
    const { mintQuotes, meltQuotes } = this.#test.payments;
    const amount = worth(inputs);
    const own = await mintQuotes.create('bolt11', {
      unit: 'sat',
      amount,
      description: undefined,
      publicKey: undefined,
    });
    const wish = { unit: 'sat', request: own.request, amount: undefined, amountMsat: undefined };
    await this.#melt(await meltQuotes.create('bolt11', wish), inputs, 0, false);
    this.#quotes.push({ name: own.name, amount: Number(amount) });
  }

  async #melt(quote: MeltQuote, inputs: readonly Input[], count: number, hasLeft: boolean): Promise<void> {
    const blanks = this.#test.blanks(count);
    const codes = ['payment-failed', 'proofs-spent', 'proofs-pending'];
    if (!(await allowed(this.#test.melt(quote, inputs, { outputs: blanks }), ...codes))) return;
    this.#proofs = this.#proofs.filter((proof) => !inputs.includes(proof));
    this.#pending.push({ hasLeft, quote, inputs, blanks });
    await this.settle();
  }

  /** What has become of the payments under way. */
  async settle(): Promise<void> {
    const before = this.#pending;
    this.#pending = [];
    for (const each of before) {
      const { state, change, amount, feeOptions } = await this.#test.payments.meltQuotes.find(
        'bolt11',
        each.quote.name,
      );
      if (state === 'PENDING') this.#pending.push(each);
      if (state === 'UNPAID') this.#proofs.push(...each.inputs);
      if (state !== 'PAID') continue;
      this.melted++;
      this.#spent.push(...each.inputs);
      this.#receive(each.blanks, [...change]);
      const fee = feeOptions[0]?.reserve === 0n ? fees.inside : fees.fake;
      this.given += worth(each.inputs) - amount - fee - worth(change);
    }
  }

  #some(pick: number, replay: boolean): Input[] {
    const from = replay && this.#spent.length > 0 ? this.#spent : this.#proofs;
    return from.slice(pick % Math.max(1, from.length)).slice(0, 4);
  }

  #spend(inputs: readonly Input[]): void {
    this.#proofs = this.#proofs.filter((proof) => !inputs.includes(proof));
    this.#spent.push(...inputs);
  }

  #receive(outputs: readonly Blinded[], issued: readonly IssuedSignature[] | undefined): void {
    issued?.forEach((signature, i) => {
      const output = outputs[i];
      if (output) this.#proofs.push(this.#test.mint.unblind(output, signature));
    });
  }
}

/** The result, or undefined where it was refused with one of these codes. */
async function allowed<T>(request: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isHashpoolError(error, ...codes)) return undefined;
    throw error;
  }
}

/** @returns how many payments were made */
async function live(t: TestContext, steps: readonly Step[]): Promise<number> {
  const test = await openTestPayments(t, {});
  const wallet = new Wallet(test);
  for (const amount of [64, 48]) await wallet.take({ kind: 'pay', amount, waits: false });
  for (const step of steps) {
    await wallet.take(step);
    // On a slow machine the mint's own timer may have looked a payment up.
    await wallet.settle();
    const sums = auditMint(test.mint.path).units.get('sat');
    assert.ok(sums);
    assert.equal(mismatchOf('sat', sums), undefined);
    assert.equal(sums.outstanding, wallet.balance, 'every token that is out is in the wallet');
    assert.equal(sums.outstanding, sums.issued - sums.redeemed - wallet.given);
    assert.equal(
      await test.bolt11.balance(),
      sums.credited - sums.redeemed - wallet.left,
      'every payment is in the books',
    );
  }
  return wallet.melted;
}

test('over any history: issued less spent is what is out, and no token comes from nothing', async (t) => {
  let melted = 0;
  const history = fc.array(step, { minLength: 6, maxLength: 16 });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      melted += await live(t, steps);
    }),
    { numRuns: 12 },
  );
  assert.ok(melted > 2, `${melted} payments are too few to show anything`);
});

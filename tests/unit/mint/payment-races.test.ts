import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HashpoolError, isHashpoolError } from '../../../protocols/errors.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import type { MeltQuote } from '../../../roles/mint/payments/melt-quotes.ts';
import { openTestPayments, type TestPayments } from './payments-support.ts';

const RACERS = 1000;
const halfOfThem = Array.from({ length: RACERS / 2 });

/** How each promise ended: 'won', or the error's code; and how often. */
async function endings(racers: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const results = await Promise.allSettled(racers);
  const codes = results.map((result) => {
    if (result.status === 'fulfilled') return 'won';
    return result.reason instanceof HashpoolError ? result.reason.code : String(result.reason);
  });
  return Object.fromEntries(
    [...Map.groupBy(codes, (code) => code)].map(([code, group]) => [code, group.length]),
  );
}

/** Comes back while the signer has too much to do, as wallets are told to. */
async function patient<T>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!isHashpoolError(error, 'overloaded')) throw error;
      await delay(20);
    }
  }
}

/** The winner, and losers with no other code than these. */
function assertOneWon(ends: Record<string, number>, racers: number, ...codes: readonly string[]): void {
  assert.equal(ends['won'], 1, JSON.stringify(ends));
  const lost = codes.reduce((sum, code) => sum + (ends[code] ?? 0), 0);
  assert.equal(lost, racers - 1, JSON.stringify(ends));
}

async function settled(test: TestPayments, quotes: readonly MeltQuote[]): Promise<MeltQuote[]> {
  for (;;) {
    const now = await Promise.all(quotes.map(({ name }) => test.payments.meltQuotes.find('bolt11', name)));
    if (now.every(({ state }) => state !== 'PENDING')) return now;
    await delay(50);
  }
}

test('one token in 1,000 swaps and melts at once: one wins', async (t) => {
  const test = await openTestPayments(t);
  const proofs = await test.sats(16);
  const quotes: MeltQuote[] = [];
  for (const _ of halfOfThem) quotes.push(await test.meltQuote(10, { delay_ms: 100 }));
  const melts = quotes.map((quote) => patient(() => test.melt(quote, proofs)));
  const swaps = halfOfThem.map(() => patient(() => test.mint.engine.swap(proofs, test.outputs(16))));
  // Whoever comes while a melt holds the token is told so, whoever comes later that it is spent.
  const racers = melts.flatMap((melt, i) => [melt, swaps[i] ?? melt]);
  assertOneWon(await endings(racers), RACERS, 'proofs-pending', 'proofs-spent');
  const paid = (await settled(test, quotes)).filter(({ state }) => state === 'PAID').length;
  assert.equal(auditMint(test.mint.path).units.get('sat')?.outstanding, paid === 1 ? 0n : 16n);
  assert.equal(await test.bolt11.balance(), paid === 1 ? 16n - 11n : 16n);
});

test('one quote in 1,000 mints and batches at once: one wins', async (t) => {
  const test = await openTestPayments(t, {});
  const { mintQuotes } = test.payments;
  const quote = await test.paidQuote(4);
  const other = await test.paidQuote(4);
  const singles = halfOfThem.map(() => {
    const request = { quotes: [quote], outputs: test.outputs(4), signatures: [undefined] };
    return patient(() => mintQuotes.mint('bolt11', request));
  });
  const batches = halfOfThem.map(() => {
    const request = { quotes: [other, quote], outputs: test.outputs(8), signatures: [undefined, undefined] };
    return patient(() => mintQuotes.mint('bolt11', request));
  });
  const racers = batches.flatMap((batch, i) => [batch, singles[i] ?? batch]);
  assertOneWon(await endings(racers), RACERS, 'quote-issued');
  const [state] = await mintQuotes.find('bolt11', [other]);
  const issued = state?.state === 'ISSUED' ? 8n : 4n;
  assert.equal(auditMint(test.mint.path).units.get('sat')?.outstanding, issued);
});

test('one melt quote paid by 50 at once: one wins, the others keep their proofs', async (t) => {
  const test = await openTestPayments(t);
  const quote = await test.meltQuote(10, { delay_ms: 100 });
  const purses = await Promise.all(Array.from({ length: 50 }, () => test.sats(16)));
  const ends = await endings(purses.map((proofs) => test.melt(quote, proofs)));
  assertOneWon(ends, 50, 'quote-pending', 'invoice-paid');
  assert.equal(auditMint(test.mint.path).units.get('sat')?.outstanding, 49n * 16n);
});

test('one invoice in 50 quotes at once is paid once', async (t) => {
  const test = await openTestPayments(t);
  const request = await test.invoiceOf(10, { delay_ms: 100 });
  const wish = { unit: 'sat', request, amount: undefined, amountMsat: undefined };
  const quotes = await Promise.all(
    Array.from({ length: 50 }, () => test.payments.meltQuotes.create('bolt11', wish)),
  );
  const purses = await Promise.all(quotes.map(() => test.sats(16)));
  const ends = await endings(quotes.map((quote, i) => test.melt(quote, purses[i] ?? [])));
  assertOneWon(ends, 50, 'quote-pending', 'invoice-paid');
  assert.equal(await test.bolt11.balance(), 50n * 16n - 11n);
});

test('an invoice of this very mint in 50 quotes at once is settled once', async (t) => {
  const test = await openTestPayments(t, {});
  const wish = { unit: 'sat', amount: 10n, description: undefined, publicKey: undefined };
  const own = await test.payments.mintQuotes.create('bolt11', wish);
  const asked = { unit: 'sat', request: own.request, amount: undefined, amountMsat: undefined };
  const quotes = await Promise.all(
    Array.from({ length: 50 }, () => test.payments.meltQuotes.create('bolt11', asked)),
  );
  const purses = await Promise.all(quotes.map(() => test.sats(16)));
  const ends = await endings(quotes.map((quote, i) => test.melt(quote, purses[i] ?? [])));
  assertOneWon(ends, 50, 'quote-pending', 'invoice-paid');
  const [found] = await test.payments.mintQuotes.find('bolt11', [own.name]);
  assert.equal(found?.amountPaid, 10n);
  assert.equal(auditMint(test.mint.path).units.get('sat')?.outstanding, 49n * 16n);
});

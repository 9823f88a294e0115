import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { splitAmount } from '../../../protocols/cashu/amount.ts';
import { FakeBackend } from '../../../roles/mint/payments/fake/fake-backend.ts';
import { type Invoices, openInvoices } from '../../../roles/mint/payments/invoices.ts';
import type { MeltQuote } from '../../../roles/mint/payments/melt-quotes.ts';
import type { BlankOutput, MeltRequest } from '../../../roles/mint/payments/melts.ts';
import type { Method } from '../../../roles/mint/payments/methods.ts';
import { openPayments, type Payments } from '../../../roles/mint/payments/payments.ts';
import { createLog } from '../../../runtime/logs.ts';
import { type Blinded, openTestMint, type TestMint } from './support.ts';

const log = createLog('test', 'silent');
const range = { min: 1n, max: 1_000_000n };

/** A mint that is paid over Lightning and the chain by backends that move no money. */
export interface TestPayments {
  readonly mint: TestMint;
  readonly payments: Payments;
  readonly invoices: Invoices;
  readonly bolt11: FakeBackend;
  readonly onchain: FakeBackend;
  /** The active sat keyset's id. */
  readonly satKeyset: string;
  /** A paid quote of so many sats, with the key that it is locked to, where one is given. */
  paidQuote(amount: number, publicKey?: Uint8Array): Promise<string>;
  /** Proofs of so many sats, minted by way of an invoice. */
  sats(amount: number): Promise<Input[]>;
  /** Outputs for so many sats. */
  outputs(amount: number): Blinded[];
  /** Blank outputs for change. */
  blanks(count: number): (Blinded & BlankOutput)[];
  /** An invoice of somebody else's, who says how it is to be paid: see instructions.ts. */
  invoiceOf(sats: number | undefined, instructions?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A melt quote for such an invoice. */
  meltQuote(sats: number, instructions?: Readonly<Record<string, unknown>>): Promise<MeltQuote>;
  melt(quote: MeltQuote, inputs: readonly Input[], more?: Partial<MeltRequest>): Promise<MeltQuote>;
}

export interface PaymentOptions {
  /** Milliseconds after which invoices pay themselves; undefined for never. */
  readonly paysAfterMs?: number;
  readonly inputFeePpk?: number;
  /** How balances of keys without a wallet are paid, where they are. */
  readonly autoPayout?: { readonly least: bigint; readonly maxFeePpm: number };
}

export async function openTestPayments(
  t: Pick<TestContext, 'after'>,
  { paysAfterMs, inputFeePpk = 0, autoPayout }: PaymentOptions = { paysAfterMs: 0 },
): Promise<TestPayments> {
  const atEnd: (() => unknown)[] = [];
  const mint = await openTestMint({ after: (hook) => atEnd.push(() => (hook as () => unknown)()) });
  await mint.engine.keysets.rotateTo({
    unit: 'sat',
    derivationIndex: 0,
    inputFeePpk,
    finalExpiry: undefined,
  });
  const invoices = await openInvoices();
  const open = (method: 'bolt11' | 'onchain') =>
    FakeBackend.open(method, ':memory:', invoices, {
      paysAfterMs,
      fee: 1n,
      reserve: { minimum: 2n, ppm: 10_000n },
    });
  const [bolt11, onchain] = [await open('bolt11'), await open('onchain')];
  const methods = new Map<string, Method>(
    [bolt11, onchain].map((backend) => [
      backend.method,
      { backend, mint: range, melt: range, quoteSeconds: 3600 },
    ]),
  );
  const payments = openPayments(mint.engine, methods, invoices, { log, forgetAfterDays: 30, autoPayout });
  t.after(async () => {
    await payments.close();
    for (const end of atEnd) await end();
  });
  const satKeyset = mint.engine.keysets.active('sat')?.id ?? '';
  const outputs = (amount: number) =>
    splitAmount(BigInt(amount)).map((exponent) => mint.blind(exponent, satKeyset));
  const { mintQuotes, meltQuotes, melts } = payments;

  async function paidQuote(amount: number, publicKey?: Uint8Array): Promise<string> {
    const request = { unit: 'sat', amount: BigInt(amount), description: undefined, publicKey };
    const { name, lookup } = await mintQuotes.create('bolt11', request);
    if (paysAfterMs === undefined) await bolt11.deposit(lookup, BigInt(amount));
    while ((await mintQuotes.find('bolt11', [name]))[0]?.state !== 'PAID') await delay(10);
    return name;
  }

  async function invoiceOf(sats: number | undefined, instructions?: Readonly<Record<string, unknown>>) {
    const createdAt = Math.floor(Date.now() / 1000);
    return invoices.encode(
      {
        network: 'mainnet',
        amountMsat: sats === undefined ? undefined : BigInt(sats) * 1000n,
        createdAt,
        expiresAt: createdAt + 3600,
        paymentHash: randomBytes(32),
        paymentSecret: randomBytes(32),
        description: instructions ? JSON.stringify(instructions) : 'to be paid',
      },
      randomBytes(32),
    );
  }

  return {
    mint,
    payments,
    invoices,
    bolt11,
    onchain,
    satKeyset,
    paidQuote,
    outputs,
    invoiceOf,
    blanks: (count) => Array.from({ length: count }, () => ({ ...mint.blind(0, satKeyset), amount: 0n })),
    async sats(amount) {
      const wanted = outputs(amount);
      const request = { quotes: [await paidQuote(amount)], outputs: wanted, signatures: [undefined] };
      const issued = await mintQuotes.mint('bolt11', request);
      return wanted.flatMap((output, i) => (issued[i] ? [mint.unblind(output, issued[i])] : []));
    },
    async meltQuote(sats, instructions) {
      const request = await invoiceOf(sats, instructions);
      return meltQuotes.create('bolt11', { unit: 'sat', request, amount: undefined, amountMsat: undefined });
    },
    melt: (quote, inputs, more) =>
      melts.melt(quote.method, {
        quote: quote.name,
        inputs,
        outputs: [],
        feeIndex: 0,
        preferAsync: false,
        ...more,
      }),
  };
}

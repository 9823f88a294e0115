import type { TestContext } from 'node:test';
import { FakeBackend } from '../../../roles/mint/payments/fake/fake-backend.ts';
import { type Invoices, openInvoices } from '../../../roles/mint/payments/invoices.ts';
import type { Method } from '../../../roles/mint/payments/methods.ts';
import { openPayments, type Payments } from '../../../roles/mint/payments/payments.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestMint, type TestMint } from './support.ts';

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
}

export interface PaymentOptions {
  /** Milliseconds after which invoices pay themselves; undefined for never. */
  readonly paysAfterMs?: number;
  readonly inputFeePpk?: number;
}

export async function openTestPayments(
  t: Pick<TestContext, 'after'>,
  { paysAfterMs, inputFeePpk = 0 }: PaymentOptions = { paysAfterMs: 0 },
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
  const payments = openPayments(mint.engine, methods, invoices, log);
  t.after(async () => {
    await payments.close();
    for (const end of atEnd) await end();
  });
  const satKeyset = mint.engine.keysets.active('sat')?.id ?? '';
  return { mint, payments, invoices, bolt11, onchain, satKeyset };
}

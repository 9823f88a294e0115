import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import type { LndObject } from '../../../roles/mint/payments/lnd/rest.ts';
import { SettledInvoices } from '../../../roles/mint/payments/lnd/settled-invoices.ts';

const log = pino({ level: 'silent' });
const PAGE = 500;

/** An invoice as lnd lists it. @param index of its settlement; 0 while nobody has paid it */
function invoice(name: number, index: number): LndObject {
  return {
    state: index === 0 ? 'OPEN' : 'SETTLED',
    r_hash: Buffer.from([name >> 8, name & 0xff]).toString('base64'),
    settle_index: String(index),
    amt_paid_msat: '1000',
    settle_date: '1',
  };
}

/** A node whose list is what `page` says, and whose streams say what `settled` holds after their number, then end. */
function node(page: (offset: number) => LndObject[], settled: readonly LndObject[]) {
  return {
    async call(_method: string, path: string): Promise<LndObject> {
      const offset = Number(/index_offset=(\d+)/.exec(path)?.[1]);
      return { invoices: page(offset), last_index_offset: String(offset + PAGE) };
    },
    async *stream(_method: string, path: string, signal: AbortSignal): AsyncGenerator<LndObject> {
      const after = Number(/settle_index=(\d+)/.exec(path)?.[1]);
      if (after > 0) yield* settled.filter((each) => Number(each['settle_index']) > after);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      signal.throwIfAborted();
    },
  };
}

/** Takes until so many came, and gives their settlements' numbers in order. */
async function taken(invoices: SettledInvoices, count: number, from?: string): Promise<string[]> {
  const positions: string[] = [];
  let position = from;
  while (positions.length < count) {
    const heard = new Promise<void>((resolve) => invoices.onSettled(resolve));
    const received = await invoices.take(position, 1);
    position = received.position;
    if (received.payments.length > 0) positions.push(position);
    else await heard;
  }
  return positions;
}

test('an invoice that is paid while the list is read is not passed over', async (t) => {
  const settled = [invoice(1, 1), invoice(PAGE + 1, 2)];
  let reads = 0;
  // The first one is paid after its page was given, the other before its own is.
  const page = (offset: number) => {
    reads++;
    if (offset > 0) return settled.slice(1);
    return [
      invoice(1, reads === 1 ? 0 : 1),
      ...Array.from({ length: PAGE - 1 }, (_, i) => invoice(i + 2, 0)),
    ];
  };
  const invoices = new SettledInvoices(node(page, settled), log);
  t.after(() => invoices.close());
  assert.deepEqual(await taken(invoices, 2), ['1', '2']);
});

test('a process goes on where another one has taken the first payments', async (t) => {
  const invoices = new SettledInvoices(
    node(() => [], [invoice(1, 1), invoice(2, 2)]),
    log,
  );
  t.after(() => invoices.close());
  assert.deepEqual((await invoices.take(undefined, 10)).payments, []);
  assert.deepEqual(await taken(invoices, 1, '1'), ['2']);
});

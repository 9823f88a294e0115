import { setTimeout as delay } from 'node:timers/promises';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';
import { unblindOne } from './blinding.ts';
import type { Operation } from './journal.ts';
import { MintLater, MintRefusal } from './mint-http.ts';
import type { MeltQuote } from './mint-payments.ts';
import { outputsOf } from './outputs.ts';
import { type Proof, sumOf, toInput } from './proofs.ts';
import type { Parts, Settled } from './settle.ts';

/** A payment is waited for so long, less than an operation's lease; whatever is under way then is settled by the next passes. */
const WAIT_MS = 45_000;
const POLL_MS = 500;

/**
 * Brings a payment to its end: asks the mint how far it is, and for the payment only where nothing is under way. The
 * quote is paid once however often that is asked for, so a kill at any point costs nothing.
 * @throws HashpoolError 'payment-pending', and those of `settle`; the operation stays pending
 */
export async function settleMelt(parts: Parts, operation: Operation): Promise<Settled> {
  const { journal } = parts;
  try {
    const settled = await meltOnce(parts, operation);
    if (settled instanceof HashpoolError) {
      journal.refuse(operation, settled.message);
      return { done: false, refusal: settled };
    }
    const made = { own: changeOf(parts, operation, settled) };
    journal.complete(operation, made);
    return { done: true, amount: sumOf(made.own), token: undefined };
  } catch (error) {
    if (isHashpoolError(error, 'mint-unreachable', 'payment-pending')) journal.letGo(operation);
    else journal.suspend(operation, messageOf(error));
    throw error;
  }
}

/** The quote once it is paid, or the mint's last word where it will not be. */
async function meltOnce(parts: Parts, operation: Operation): Promise<MeltQuote | MintRefusal | MintLater> {
  const { payments } = parts.mint;
  const id = operation.melt?.quote ?? '';
  const before = await orRefusal(payments.meltQuote(id));
  if (before instanceof MintRefusal) return before;
  // What a killed process has left is only looked at: no pass waits for somebody's payment.
  const isNew = before.state === 'UNPAID';
  const begun = isNew ? await begin(parts, operation, id) : before;
  if (begun instanceof HashpoolError) return begun;
  const quote = await endOf(parts, begun, isNew ? WAIT_MS : 0);
  if (quote.state === 'PAID') return quote;
  if (quote.state === 'UNPAID')
    return new MintRefusal(0, 'the payment has failed, its tokens are free again');
  throw new HashpoolError(
    'payment-pending',
    'the payment is under way and its end not known yet: its tokens stay in flight, and history and balance will tell',
  );
}

/** Asks for the payment. An answer that was lost may have been a yes: the quote tells. */
async function begin(
  parts: Parts,
  operation: Operation,
  id: string,
): Promise<MeltQuote | MintRefusal | MintLater> {
  const { payments } = parts.mint;
  const inputs = parts.proofs.reservedBy(operation.id).map(toInput);
  const outputs = outputsOf(parts, operation).map(({ message }) => message);
  try {
    return await payments.melt(id, inputs, outputs);
  } catch (error) {
    if (!isHashpoolError(error, 'mint-refused', 'mint-unreachable')) throw error;
    const quote = await payments.meltQuote(id);
    if (quote.state !== 'UNPAID') return quote;
    if (error instanceof MintRefusal || error instanceof MintLater) return error;
    throw error;
  }
}

async function endOf(parts: Parts, begun: MeltQuote, waitMs: number): Promise<MeltQuote> {
  const deadline = parts.clock() + waitMs;
  let quote = begun;
  while (quote.state === 'PENDING' && parts.clock() < deadline && !parts.isClosing()) {
    await delay(POLL_MS);
    quote = await parts.mint.payments.meltQuote(quote.id);
  }
  return quote;
}

/** A quote that the mint does not know pays nothing. */
async function orRefusal<T>(answer: Promise<T>): Promise<T | MintRefusal> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof MintRefusal) return error;
    throw error;
  }
}

/** The mint signs the first of the blank outputs, for amounts of its own choice (NUT-08). */
function changeOf(parts: Parts, operation: Operation, { change }: MeltQuote): Proof[] {
  const keyset = parts.keysets.get(operation.keysetId);
  const outputs = outputsOf(parts, operation);
  if (change.length > outputs.length) {
    throw new HashpoolError('mint-answer', 'the mint gives more change than there were outputs for');
  }
  return change.flatMap((signature, i) => {
    const output = outputs[i];
    return output ? [unblindOne(parts.curve, output, signature, keyset)] : [];
  });
}

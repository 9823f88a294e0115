import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';
import { unblind } from './blinding.ts';
import type { Journal, Operation } from './journal.ts';
import type { Keysets } from './keysets.ts';
import type { MintClient } from './mint-client.ts';
import { MintRefusal } from './mint-http.ts';
import { deriveOutputs } from './outputs.ts';
import { type Proofs, sumOf, toInput } from './proofs.ts';
import type { Quotes } from './quotes.ts';
import type { WalletSeed } from './seed.ts';

/** What every step of the wallet works with. */
export interface Parts {
  readonly seed: WalletSeed;
  readonly keysets: Keysets;
  readonly proofs: Proofs;
  readonly quotes: Quotes;
  readonly journal: Journal;
  readonly mint: MintClient;
  readonly curve: Curve;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Long work ends at its next safe point: the wallet is being closed. */
  readonly isClosing: () => boolean;
}

/** NUT-00's error code for outputs that were signed before. */
const OUTPUTS_SIGNED = 11003;

export type Settled =
  | { readonly done: true; readonly amount: bigint }
  | { readonly done: false; readonly refusal: MintRefusal };

/**
 * Brings an operation that is written down to its end: asks the mint, and where it refuses, asks whether it has
 * signed these very outputs before (NUT-09), which tells a request that is repeated after a kill from a bad one.
 * To repeat the request is safe at any time, from any process: outputs are the same and the mint signs them once.
 * @throws HashpoolError 'mint-unreachable', 'mint-answer', 'dleq-mismatch': the operation stays pending; 'wallet-outdated'
 */
export async function settle(parts: Parts, operation: Operation): Promise<Settled> {
  const { keysets, journal, mint } = parts;
  const outputs = deriveOutputs(parts, operation.keysetId, operation.firstCounter, operation.amounts);
  const messages = outputs.map(({ message }) => message);
  try {
    const signatures = await request(parts, operation, messages).catch(async (error: unknown) => {
      if (!(error instanceof MintRefusal)) throw error;
      if (error.nutCode === OUTPUTS_SIGNED) throw outdated(error);
      const signed = await mint.restore(messages);
      return signed.size === 0 ? error : messages.map(({ B_ }) => signed.get(B_));
    });
    if (signatures instanceof MintRefusal) {
      journal.refuse(operation, signatures.message);
      return { done: false, refusal: signatures };
    }
    const proofs = unblind(parts.curve, outputs, signatures, keysets.get(operation.keysetId));
    journal.complete(operation, proofs);
    return { done: true, amount: sumOf(proofs) };
  } catch (error) {
    if (isHashpoolError(error, 'wallet-outdated')) journal.outdated(operation, error.message);
    else if (isHashpoolError(error, 'mint-unreachable')) journal.letGo(operation);
    else journal.suspend(operation, messageOf(error));
    throw error;
  }
}

/** A request that is repeated is refused for its quotes or its inputs, which a mint looks at first. */
function outdated(cause: MintRefusal): HashpoolError {
  return new HashpoolError(
    'wallet-outdated',
    "the wallet's database is an older copy: the mint has signed for its counters before; it restores itself, try again",
    { cause },
  );
}

async function request(
  { seed, proofs, quotes, mint }: Parts,
  operation: Operation,
  outputs: Parameters<MintClient['swap']>[1],
): ReturnType<MintClient['swap']> {
  if (operation.kind === 'mint') {
    const claimed = quotes.claimedBy(operation.id);
    return mint.mintBatch(
      claimed.map(({ id, amount, keyIndex }) => ({ id, amount, key: seed.lockKey(keyIndex) })),
      outputs,
    );
  }
  const inputs = operation.kind === 'swap' ? proofs.reservedBy(operation.id) : operation.foreignInputs;
  return mint.swap(inputs.map(toInput), outputs);
}

/**
 * Settles what a process left behind; one that can't be settled does not keep the others from it.
 * @returns units that were minted by it
 * @throws HashpoolError 'mint-unreachable'; everything stays as it was
 */
export async function settleAbandoned(parts: Parts): Promise<bigint> {
  let minted = 0n;
  let unreachable: unknown;
  for (const operation of parts.journal.takeOver()) {
    if (unreachable) {
      parts.journal.letGo(operation);
      continue;
    }
    try {
      const settled = await settle(parts, operation);
      if (settled.done && operation.kind === 'mint') minted += settled.amount;
    } catch (error) {
      if (!isHashpoolError(error)) throw error;
      // Anything else is noted with the operation, shown with the balance, and asked again later.
      if (error.code === 'mint-unreachable') unreachable = error;
    }
  }
  if (unreachable) throw unreachable;
  return minted;
}

import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';
import { unblind } from './blinding.ts';
import { followQuotes } from './follow-quotes.ts';
import type { Journal, Made, Operation, Stores } from './journal.ts';
import { settleMelt } from './melt.ts';
import type { MintClient } from './mint-client.ts';
import { isAway, MintLater, MintRefusal } from './mint-http.ts';
import { outputsOf } from './outputs.ts';
import { encodeToken, type Proof, sumOf, toInput } from './proofs.ts';
import type { WalletSeed } from './seed.ts';
import { unlocked } from './unlock.ts';

/** What every step of the wallet works with. */
export interface Parts extends Stores {
  readonly seed: WalletSeed;
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

/** `amount` is what has become our own, `token` what is handed out. */
export type Settled =
  | { readonly done: true; readonly amount: bigint; readonly token: string | undefined }
  | { readonly done: false; readonly refusal: MintRefusal | MintLater };

/**
 * Brings an operation that is written down to its end: asks the mint, and where it refuses, for good or for now, asks
 * whether it has signed these very outputs before (NUT-09), which tells a request that is repeated after a kill from a
 * bad one. What is refused for now is given back too, to be asked for anew; but a foreign token is kept to be taken in.
 * To repeat the request is safe at any time, from any process: outputs are the same and the mint signs them once.
 * @throws HashpoolError 'mint-unreachable', 'mint-answer', 'dleq-mismatch': the operation stays pending; 'wallet-outdated'
 */
export async function settle(parts: Parts, operation: Operation): Promise<Settled> {
  if (operation.kind === 'melt') return settleMelt(parts, operation);
  const { keysets, journal, mint } = parts;
  const outputs = outputsOf(parts, operation);
  const messages = outputs.map(({ message }) => message);
  try {
    const signatures = await request(parts, operation, messages).catch(async (error: unknown) => {
      const isLater = error instanceof MintLater && operation.kind !== 'receive';
      if (!(error instanceof MintRefusal || isLater)) throw error;
      if (error instanceof MintRefusal && error.nutCode === OUTPUTS_SIGNED) throw outdated(error);
      const signed = await mint.restore(messages);
      return signed.size === 0 ? error : messages.map(({ B_ }) => signed.get(B_));
    });
    if (signatures instanceof HashpoolError) {
      journal.refuse(operation, signatures.message);
      return { done: false, refusal: signatures };
    }
    const proofs = unblind(parts.curve, outputs, signatures, keysets.get(operation.keysetId));
    const made = share(parts, operation, proofs, (i) => outputs[i]?.isLocked ?? false);
    journal.complete(operation, made);
    return { done: true, amount: sumOf(made.own), token: made.handedOut?.token };
  } catch (error) {
    if (isHashpoolError(error, 'wallet-outdated')) journal.outdated(operation, error.message);
    else if (isAway(error)) journal.letGo(operation);
    else if (error instanceof MintLater) journal.letGo(operation, error.message);
    else journal.suspend(operation, messageOf(error));
    throw error;
  }
}

function share(
  { mint }: Parts,
  { unit, locked }: Operation,
  proofs: readonly Proof[],
  isLocked: (i: number) => boolean,
): Made {
  const own = proofs.filter((_, i) => !isLocked(i));
  if (!locked) return { own };
  const handedOut = proofs.filter((_, i) => isLocked(i));
  return { own, handedOut: { proofs: handedOut, token: encodeToken(mint.url, unit, handedOut) } };
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
  parts: Parts,
  operation: Operation,
  outputs: Parameters<MintClient['swap']>[1],
): ReturnType<MintClient['swap']> {
  const { seed, keysets, proofs, quotes, mint } = parts;
  const claimed = quotes.claimedBy(operation.id);
  const locked = claimed.map(({ id, amount, keyIndex }) => ({ id, amount, key: seed.lockKey(keyIndex) }));
  const [first] = claimed;
  if (operation.kind === 'mint') return mint.mintBatch(first?.method ?? 'ehash', locked, outputs);
  if (first) return mint.epochs.redeemQuotes(first.unit, locked, outputs);
  const inputs =
    operation.kind === 'receive'
      ? unlocked(parts, operation.foreignInputs, outputs)
      : proofs.reservedBy(operation.id).map(toInput);
  const { unit } = keysets.get(inputs[0]?.id ?? '');
  if (unit === operation.unit) return mint.swap(inputs, outputs);
  return mint.epochs.redeem(unit, inputs, outputs);
}

/** What became of operations that a process has left behind. */
export interface Abandoned {
  /** Units that were minted by them. */
  readonly minted: bigint;
  /** What one of them met and stays pending for, other than a payment or somebody else's token: these depend on more than the mint. */
  readonly trouble: HashpoolError | undefined;
}

/** Settles what a process left behind. One that can't be settled keeps neither the others nor what comes next from its turn. */
export async function settleAbandoned(parts: Parts): Promise<Abandoned> {
  let minted = 0n;
  let trouble: HashpoolError | undefined;
  let isOver = false;
  for (const operation of parts.journal.takeOver()) {
    if (isOver) {
      parts.journal.letGo(operation);
      continue;
    }
    const claimed = parts.quotes.claimedBy(operation.id);
    try {
      const settled = await settle(parts, operation);
      if (settled.done && operation.kind === 'mint') minted += settled.amount;
      if (!settled.done) await followQuotes(parts, claimed);
    } catch (error) {
      if (!isHashpoolError(error)) throw error;
      isOver = isAway(error) && operation.kind !== 'melt';
      if (isOver || !['melt', 'receive'].includes(operation.kind)) trouble ??= error;
    }
  }
  return { minted, trouble };
}

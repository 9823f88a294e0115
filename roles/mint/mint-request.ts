import type { Output } from '../../domain/ledger/tokens.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';

/** Quotes in one batch (NUT-29). */
export const MAX_BATCH = 100;

/** One quote (NUT-04) or several (NUT-29) to be minted into outputs. */
export interface MintRequest {
  readonly quotes: readonly string[];
  readonly outputs: readonly Output[];
  /** One for each quote, 64 bytes each; undefined where the wallet gave none. */
  readonly signatures: readonly (Uint8Array | undefined)[];
  /** What the wallet takes each quote to be worth, where it says so. */
  readonly expectedAmounts?: readonly bigint[];
}

/**
 * Whether a request holds up by itself, before any quote is looked at.
 * @throws HashpoolError 'request-malformed', 'batch-too-large', 'duplicate-quotes', 'signature-invalid'
 */
export function checkBatch({ quotes, signatures, expectedAmounts }: MintRequest): void {
  const { length } = quotes;
  if (length === 0) throw cashuError('request-malformed', 'quotes is empty; give one at least');
  if (length > MAX_BATCH)
    throw cashuError('batch-too-large', `quotes has ${length}; at most ${MAX_BATCH}, split the batch`);
  if (new Set(quotes).size !== length)
    throw cashuError('duplicate-quotes', 'quotes names one twice; name each once');
  if (signatures.length !== length) {
    throw cashuError(
      'signature-invalid',
      `signatures has ${signatures.length} for ${length} quotes; give one each`,
    );
  }
  if (expectedAmounts && expectedAmounts.length !== length) {
    throw cashuError(
      'request-malformed',
      `quote_amounts has ${expectedAmounts.length} for ${length} quotes; give one each`,
    );
  }
}

/** Whether quotes are worth what the wallet takes them for. @throws HashpoolError 'not-balanced' */
export function checkExpected(
  quotes: readonly { readonly amount: bigint }[],
  expected: readonly bigint[] | undefined,
): void {
  expected?.forEach((amount, i) => {
    const worth = quotes[i]?.amount;
    if (amount === worth) return;
    throw cashuError(
      'not-balanced',
      `quote_amounts[${i}] is ${amount}, the quote is worth ${worth}; ask for that`,
    );
  });
}

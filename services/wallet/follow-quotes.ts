import { isHashpoolError } from '../../protocols/errors.ts';
import type { Quote } from './quotes.ts';
import type { Parts } from './settle.ts';

/**
 * Asks how quotes of one method stand that the mint has refused, and notes it: it may have moved them to another epoch,
 * or others have been faster.
 * @returns whether one stands otherwise than the wallet knew
 * @throws HashpoolError those of `requestMint`
 */
export async function followQuotes(
  { mint, quotes }: Pick<Parts, 'mint' | 'quotes'>,
  known: readonly Quote[],
): Promise<boolean> {
  const [first] = known;
  if (!first) return false;
  try {
    const named = await mint.quotesNamed(
      first.method,
      known.map(({ id }) => id),
    );
    return quotes.follow(named);
  } catch (error) {
    // One that it does not know hides the others, until they are asked after in smaller lots; and it need not do NUT-29.
    if (isHashpoolError(error, 'mint-refused', 'mint-answer')) return false;
    throw error;
  }
}

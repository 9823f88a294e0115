import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { parseQuoteId } from '../../../protocols/cashu/quote-id.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import type { Engine } from '../engine.ts';
import { METHOD, quoteAnswer } from '../nuts/answers.ts';
import { meltQuoteAnswer, paymentQuoteAnswer } from '../nuts/payment-answers.ts';
import type { MeltQuotes } from '../payments/melt-quotes.ts';
import type { Payments } from '../payments/payments.ts';

/** What wallets may subscribe to (NUT-17). */
export interface SubscriptionKind {
  /** As wallets name it. */
  readonly name: string;
  /** The one form of what a filter names; undefined where it can't name anything of this kind. */
  idOf(filter: string): string | undefined;
  /** How each object stands, as its NUT has it; undefined where there is none. */
  read(ids: readonly string[]): Promise<readonly (object | undefined)[]>;
}

const point = /^0[23][0-9a-f]{64}$/i;

/** `proof_state`, named by Y (NUT-07). */
export function proofStates(engine: Engine): SubscriptionKind {
  return {
    name: 'proof_state',
    idOf: (filter) => (point.test(filter) ? filter.toLowerCase() : undefined),
    read: async (ids) => {
      const states = await engine.proofStates(ids.map((y) => fromHex(y)));
      return states.map((state, i) => ({ Y: ids[i], ...state }));
    },
  };
}

/** `ehash_mint_quote`, named by the quote's id (NUT-04). */
export function ehashQuotes(engine: Engine): SubscriptionKind {
  return {
    name: quoteKind('mint', METHOD),
    idOf: (filter) => (parseQuoteId(filter) ? filter : undefined),
    read: async (ids) => {
      const quotes = await engine.knownQuotes(ids);
      return quotes.map((quote) => quote && quoteAnswer(quote));
    },
  };
}

/** `bolt11_mint_quote`, `bolt11_melt_quote` and those of the other methods that are paid from outside. */
export function paymentQuotes({ methods, mintQuotes, meltQuotes }: Payments): SubscriptionKind[] {
  const idOf = (filter: string) => (parseQuoteId(filter) ? filter : undefined);
  return [...methods.keys()].flatMap((method): SubscriptionKind[] => [
    {
      name: quoteKind('mint', method),
      idOf,
      read: async (ids) => {
        const quotes = await mintQuotes.known(method, ids);
        return quotes.map((quote) => quote && paymentQuoteAnswer(quote));
      },
    },
    {
      name: quoteKind('melt', method),
      idOf,
      read: (ids) => Promise.all(ids.map((id) => knownMelt(meltQuotes, method, id))),
    },
  ]);
}

async function knownMelt(quotes: MeltQuotes, method: string, id: string): Promise<object | undefined> {
  try {
    return meltQuoteAnswer(await quotes.find(method, id));
  } catch (error) {
    if (isHashpoolError(error, 'quote-unknown')) return undefined;
    throw error;
  }
}

/** The kind that the quotes of a method are. */
export function quoteKind(kind: 'mint' | 'melt', method: string): string {
  return `${method}_${kind}_quote`;
}

/** The kind's name of a proof. */
export function proofId(y: Uint8Array): string {
  return toHex(y);
}

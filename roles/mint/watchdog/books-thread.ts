import { auditMint } from '../books.ts';

/** Reads the books beside the running mint, on a connection and in a thread of their own: they are whole tables. */
export function start({ place }: { readonly place: string }) {
  return {
    books: (_: null) => {
      const { units, sats } = auditMint(place);
      const { balances, payouts, contradictions } = sats;
      return { units, balances, payouts, contradictions };
    },
  };
}

export type BooksTasks = ReturnType<typeof start>;

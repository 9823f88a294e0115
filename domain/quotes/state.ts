/**
 * How a quote stands; stored with it. Whether an open one is paid is its epoch's to say; one that waits has a
 * prev hash that the node does not know, so that its epoch cannot be told yet.
 */
export const Outcome = { open: 0, issued: 1, autoPaid: 2, void: 3, waiting: 4 } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** UNPAID and PAID are derived, the others stored; NUT-04 wallets know the first three. */
export type QuoteState = 'UNPAID' | 'PAID' | 'ISSUED' | 'AUTO_PAID' | 'VOID';

export interface QuoteStanding {
  readonly outcome: Outcome;
  readonly isEpochFinal: boolean;
}

/** The state that a wallet is told: PAID while open in a final epoch, UNPAID in any other, else how it ended. */
export function quoteState({ outcome, isEpochFinal }: QuoteStanding): QuoteState {
  switch (outcome) {
    case Outcome.open:
      return isEpochFinal ? 'PAID' : 'UNPAID';
    case Outcome.waiting:
      return 'UNPAID';
    case Outcome.issued:
      return 'ISSUED';
    case Outcome.autoPaid:
      return 'AUTO_PAID';
    case Outcome.void:
      return 'VOID';
  }
}

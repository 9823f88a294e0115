import { h, type JSX } from 'preact';
import type { Declarations } from '../../services/stats/api/schemas/declarations.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { Card } from '../parts/card.ts';
import { Facts } from '../parts/facts.ts';
import { Term } from '../parts/term.ts';
import { declarationRefusals } from '../words/declarations.ts';

/** Jobs that miners make of templates of their own; nothing where there is no jd-server. */
export function DeclarationsPanel(): JSX.Element | null {
  const reading = useApi<Declarations>('api/declarations');
  const sums = reading.data?.sums ?? null;
  if (sums === null) return null;
  return h(
    Card,
    {
      title: h(Term, { of: 'declarations' }),
      size: 'third',
      reading,
      span: 'since the jd-server’s last start',
    },
    h(Facts, {
      facts: [
        ['Clients connected', grouped(sums.clients)],
        ['Tokens given', grouped(sums.tokens)],
        ['Jobs taken', grouped(sums.declared)],
        ['Blocks handed to the node', grouped(sums.solutions)],
        ...sums.refused.map(
          ({ reason, count }) =>
            [`Refused: ${declarationRefusals[reason] ?? reason}`, grouped(count)] as const,
        ),
      ],
    }),
  );
}

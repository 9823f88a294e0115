import { h, type JSX } from 'preact';
import type { Epoch, Epochs } from '../../services/stats/api/schemas/epochs.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { price } from '../format/price.ts';
import { amount } from '../parts/amount.ts';
import { Card } from '../parts/card.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { dueWords } from '../parts/epoch-life.ts';
import { type Fact, Facts } from '../parts/facts.ts';
import { StateMark } from '../parts/state.ts';
import { Term } from '../parts/term.ts';
import { epochStates, isMinedFor } from '../words/epochs.ts';

const SHOWN = 4;

/** The epoch that is mined for, and what becomes of those before it. */
export function EpochPanel(): JSX.Element {
  const reading = useApi<Epochs>(`api/epochs?limit=${SHOWN}`);
  const { data } = reading;
  const present = data?.epochs.find(isMinedFor);
  return h(
    Card,
    {
      title: h(Term, { of: 'epoch' }, 'Epoch'),
      size: 'third',
      reading,
      tools: h('a', { class: 'small', href: '#/epochs' }, 'All epochs'),
    },
    data === undefined
      ? h(Skeleton, { lines: 6 })
      : data.total === 0
        ? h(
            Empty,
            { icon: 'clock', title: 'No epoch yet' },
            'The mint opens the first one once it follows the chain.',
          )
        : h(Facts, {
            facts: [
              ...(present === undefined ? [] : factsOf(present)),
              ...data.epochs.filter((epoch) => epoch !== present).map(earlier),
            ],
          }),
  );
}

function factsOf(epoch: Epoch): readonly Fact[] {
  const due = dueWords(epoch);
  return [
    ['Opened by', `block ${grouped(epoch.opened_height)}`],
    ['State', h('span', null, h(StateMark, epochStates[epoch.state]), due === undefined ? '' : ` ${due}`)],
    ['Shares of it', grouped(epoch.quotes)],
    ['Their ehash', amount(epoch.work)],
    ['of this, taken by wallets', amount(epoch.issued)],
  ];
}

function earlier(epoch: Epoch): Fact {
  const { state, opened_height } = epoch;
  const worth = epoch.price && price(epoch.price.payable_sat, epoch.price.work);
  const note = state === 'redeemable' ? worth : dueWords(epoch);
  return [
    `Epoch ${grouped(opened_height)}`,
    h('span', null, h(StateMark, epochStates[state]), note == null ? '' : ` ${note}`),
  ];
}

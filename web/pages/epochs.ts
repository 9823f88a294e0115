import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Epoch, Epochs } from '../../services/stats/api/schemas/epochs.ts';
import { partOf, type Reading } from '../data/reading.ts';
import { useApi } from '../data/use-api.ts';
import { grouped, percent } from '../format/amount.ts';
import { bitcoin } from '../format/bitcoin.ts';
import { price } from '../format/price.ts';
import { BooksPanel } from '../panels/books-panel.ts';
import { amount } from '../parts/amount.ts';
import { Card } from '../parts/card.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { dueTime, dueWords, EpochLife } from '../parts/epoch-life.ts';
import { type Fact, Facts } from '../parts/facts.ts';
import { StateMark } from '../parts/state.ts';
import { Pager } from '../parts/table.ts';
import { Term } from '../parts/term.ts';
import { Title } from '../parts/title.ts';
import { epochStates, isMinedFor } from '../words/epochs.ts';

const LIMIT = 10;
const PPM = 1_000_000;

/** What ehash is backed by: each epoch with its life, its price, and what became of its ehash. */
export function EpochsPage(): JSX.Element {
  const [page, setPage] = useState(1);
  const reading = useApi<Epochs>(`api/epochs?page=${page}&limit=${LIMIT}`);
  const { data } = reading;
  return h(
    'div',
    null,
    h(Title, { title: 'Epochs' }),
    h(
      'div',
      { class: 'grid' },
      h(BooksPanel, { reading }),
      data === undefined
        ? h(Card, { title: 'Epochs', reading }, h(Skeleton, null))
        : data.epochs.map((epoch) =>
            h(EpochCard, { key: epoch.unit, reading: partOf(reading, () => epoch), tip: data.tip }),
          ),
    ),
    data?.total === 0 &&
      h(
        Empty,
        { icon: 'clock', title: 'No epoch yet' },
        'The mint opens the first one once it follows the chain.',
      ),
    h(Pager, { page, limit: LIMIT, total: data?.total ?? 0, onPage: setPage }),
  );
}

interface EpochCardProps {
  readonly reading: Reading<Epoch>;
  /** Height of the chain. */
  readonly tip: number | null;
}

function EpochCard({ reading, tip }: EpochCardProps): JSX.Element | null {
  const epoch = reading.data;
  if (epoch === undefined) return null;
  const { word, state, meaning } = epochStates[epoch.state];
  const due = dueWords(epoch);
  return h(
    Card,
    {
      title: `Epoch ${grouped(epoch.opened_height)}`,
      size: 'half',
      reading,
      tools: h(StateMark, { word, state }),
    },
    h('p', { class: 'muted small' }, meaning, due !== undefined && ` It is due ${due}${dueTime(epoch)}.`),
    h(EpochLife, { epoch, tip }),
    h(Facts, { facts: factsOf(epoch) }),
  );
}

function factsOf(epoch: Epoch): readonly Fact[] {
  const { work, issued, outstanding, redeemed, auto_paid, gifts_sat, dust_sat } = epoch;
  const part = (sum: string) => h('span', null, amount(sum), ` (${percent(sum, work)})`);
  const facts: readonly (Fact | false)[] = [
    ['Price', priceOf(epoch)],
    ['Shares', grouped(epoch.quotes)],
    [h(Term, { of: 'ehash' }, 'Ehash of them'), amount(work)],
    ['Minted by wallets', part(issued)],
    [h(Term, { of: 'outstanding' }), part(outstanding)],
    ['Redeemed', part(redeemed)],
    auto_paid !== '0' && ['Credited to miners without a wallet', part(auto_paid)],
    epoch.closed_height !== null && [h(Term, { of: 'reward' }), bitcoin(epoch.reward_sat)],
    gifts_sat !== '0' && [h(Term, { of: 'gift' }), bitcoin(gifts_sat)],
    epoch.fee_ppm > 0 && ['Fee of the operator', `${(100 * epoch.fee_ppm) / PPM} %`],
    epoch.redeemed_sat !== '0' && ['Paid for redeemed ehash', bitcoin(epoch.redeemed_sat)],
    epoch.auto_paid_sat !== '0' && ['Credited for it', bitcoin(epoch.auto_paid_sat)],
    epoch.owed_sat !== '0' && ['Left for the rest', bitcoin(epoch.owed_sat)],
    dust_sat !== '0' && ['Kept back by rounding', bitcoin(dust_sat)],
  ];
  return facts.filter((fact) => fact !== false);
}

function priceOf(epoch: Epoch): string {
  const { price: at } = epoch;
  if (at === null) return isMinedFor(epoch) ? 'not before a block of the pool' : '–';
  const worth = price(at.payable_sat, at.work);
  if (worth === undefined) return 'none: nobody has mined for it';
  return at.is_fixed ? worth : `about ${worth}`;
}

import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Miner, MinerDetail } from '../../services/stats/api/schemas/miners.ts';
import { now } from '../data/now.ts';
import { partOf, type Reading } from '../data/reading.ts';
import { useApi } from '../data/use-api.ts';
import { grouped, percent } from '../format/amount.ts';
import { asText, hashrate, siQuantity } from '../format/quantity.ts';
import { dateTime } from '../format/time.ts';
import { HashrateFigures } from '../panels/hashrate-figures.ts';
import { HashratePanel } from '../panels/hashrate-panel.ts';
import { HourTable } from '../panels/hour-table.ts';
import { ReasonList } from '../panels/shares-panel.ts';
import { Ago, TimeOf } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Choice } from '../parts/choice.ts';
import { Skeleton } from '../parts/empty.ts';
import { Facts } from '../parts/facts.ts';
import { Icon } from '../parts/icon.ts';
import { StateMark } from '../parts/state.ts';
import { Term } from '../parts/term.ts';
import { Title } from '../parts/title.ts';
import { minerStates } from '../words/states.ts';
import { type CountHours, countHours, lastHours } from '../words/windows.ts';

export interface MinerPageProps {
  readonly id: string;
  /** Where the list of all is. */
  readonly back: readonly [page: string, title: string];
}

/** One miner; printed, a sheet to file. */
export function MinerPage({ id, back }: MinerPageProps): JSX.Element {
  const [hours, setHours] = useState<CountHours>(24);
  const isNumber = /^[1-9]\d{0,9}$/.test(id);
  const reading = useApi<MinerDetail>(isNumber ? `api/miners/${id}?hours=${hours}` : undefined);
  const { data, trouble } = reading;
  if (data === undefined) {
    const why = isNumber ? trouble : 'There is no miner of that number.';
    return h(
      'div',
      null,
      h(Title, { title: 'Miner', back }),
      why === undefined ? h(Skeleton, null) : h('p', null, why),
    );
  }
  const { miner, hashrates, rejects } = data;
  return h(
    'div',
    null,
    h(
      Title,
      { title: miner.name || 'Miner without a name', back },
      h(StateMark, minerStates[miner.state]),
      h('span', { class: 'muted' }, 'for ', h(Ago, { at: miner.state_since, isLength: true })),
      h(
        'button',
        { type: 'button', class: 'button', onClick: () => print() },
        h(Icon, { name: 'print' }),
        'Print',
      ),
    ),
    h(
      'p',
      { class: 'on-paper' },
      `Record of miner ${miner.id}, printed ${dateTime(now())}. Figures as of ${dateTime(data.as_of)}, from ${location.host}.`,
    ),
    h(
      'div',
      { class: 'grid' },
      h(
        HashratePanel,
        {
          miner: miner.id,
          line: 'this miner',
          hasShares: hashrates.some(({ shares }) => shares > 0),
          empty: 'It sent no share that was accepted. Its state and the reasons for rejects say more.',
        },
        h(HashrateFigures, { rates: hashrates }),
      ),
      h(AboutPanel, { reading }),
      h(
        Card,
        {
          title: 'Shares',
          size: 'half',
          reading,
          span: lastHours(hours),
          tools: h(Choice<CountHours>, {
            label: 'Window',
            options: countHours,
            value: hours,
            onChange: setHours,
          }),
        },
        h(Facts, {
          facts: [
            ['Accepted', grouped(miner.accepted)],
            [
              h(Term, { of: 'rejects' }),
              `${grouped(miner.rejected)} (${percent(miner.rejected, miner.accepted + miner.rejected)})`,
            ],
            ['Work proven', asText(siQuantity(BigInt(miner.hashrate.work), 'H'))],
          ],
        }),
      ),
      h(
        Card,
        { title: 'Why shares were rejected', size: 'half', reading, span: lastHours(hours) },
        h(ReasonList, { reasons: rejects }),
      ),
      h(HourTable, { miner: miner.id }),
    ),
  );
}

function AboutPanel({ reading }: { readonly reading: Reading<MinerDetail> }): JSX.Element {
  const miner = partOf(reading, (answer) => answer.miner).data;
  return h(
    Card,
    { title: 'About it', size: 'third', reading },
    miner === undefined ? h(Skeleton, null) : h(Facts, { facts: factsOf(miner) }),
  );
}

function factsOf(miner: Miner): readonly (readonly [JSX.Element | string, JSX.Element | string])[] {
  return [
    ['Name', miner.redacted ? `${miner.name} (shortened here)` : miner.name || '–'],
    ['Device', miner.software || 'it does not say'],
    ['Address', miner.address ?? 'not shown'],
    ['Connections', grouped(miner.workers)],
    [
      h(Term, { of: 'shareDifficulty' }),
      miner.difficulty_bits === null ? '–' : shareDifficulty(miner.difficulty_bits),
    ],
    ['Last share', miner.last_share_at === null ? 'none yet' : h(Ago, { at: miner.last_share_at })],
    ['First seen', h(TimeOf, { at: miner.first_seen })],
    [
      h('span', null, 'Mean of ', h(Term, { of: 'dayMean' })),
      miner.day_mean_hs === null ? '–' : asText(hashrate(miner.day_mean_hs)),
    ],
    [
      h(Term, { of: 'lucky' }),
      miner.best_work === null ? '–' : asText(siQuantity(BigInt(miner.best_work), 'H')),
    ],
  ];
}

/** Hashes that a share takes on average, and the same as Stratum V1's difficulty. */
function shareDifficulty(bits: number): string {
  const hashes = asText(siQuantity(2 ** bits, 'H'));
  return bits >= 32 ? `${hashes} (${grouped(2 ** (bits - 32))})` : hashes;
}

import { type ComponentChildren, h, type JSX } from 'preact';
import type { WalletView } from '../../services/stats/api/schemas/wallet.ts';
import { useWallet } from '../data/use-wallet.ts';
import { grouped } from '../format/amount.ts';
import { FaucetPanel } from '../panels/faucet-panel.ts';
import { TokensPanel } from '../panels/tokens-panel.ts';
import { EhashFlow } from '../panels/wallet-panel.ts';
import { amount } from '../parts/amount.ts';
import { TimeOf } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Copyable } from '../parts/copy.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { StateMark } from '../parts/state.ts';
import { type Column, Table } from '../parts/table.ts';
import { Title } from '../parts/title.ts';
import { epochStates } from '../words/epochs.ts';
import { isEhash, unitName } from '../words/units.ts';

type Line = WalletView['history'][number];
type Balance = WalletView['balances'][number];

const kinds: Readonly<Record<string, string>> = {
  opening: 'was there before',
  minted: 'taken from the mint',
  received: 'received',
  sent: 'handed out',
  swapped: 'swapped',
  consolidated: 'put together',
  melted: 'paid out',
  redeemed: 'redeemed',
  restored: 'found again',
  lost: 'spent elsewhere',
};

const lineColumns: readonly Column<Line>[] = [
  { title: 'When', kind: 'tight', cell: ({ at }) => h(TimeOf, { at }) },
  {
    title: 'What',
    cell: ({ kind, operations }) =>
      (kinds[kind] ?? kind) + (operations > 1 ? `, ${grouped(operations)}×` : ''),
  },
  {
    title: 'Amount',
    kind: 'number',
    cell: ({ amount }) => (amount.startsWith('-') ? '' : '+') + grouped(amount),
  },
  {
    title: 'Unit',
    kind: 'second-rate tight',
    cell: ({ unit }) => h('span', { title: unit }, unitName(unit)),
  },
  { title: 'Fee', kind: 'number third-rate', cell: ({ fee }) => grouped(fee) },
  { title: 'Note', kind: 'second-rate', cell: ({ note }) => note },
];

const balanceColumns: readonly Column<Balance>[] = [
  { title: 'Unit and its state', cell: unitOf },
  { title: 'In the wallet', kind: 'number loose', cell: (row) => sumOf(row, row.amount) },
  { title: 'Waiting at the mint', kind: 'number loose', cell: (row) => sumOf(row, row.waiting) },
  { title: 'Worth', kind: 'number second-rate', cell: worthOf },
  { title: 'Under way', kind: 'number second-rate', cell: (row) => sumOf(row, row.reserved) },
  { title: 'Handed out, not taken yet', kind: 'number second-rate', cell: (row) => sumOf(row, row.sent) },
];

/** Its name; below it how its epoch stands, and from which block on it can be redeemed. */
function unitOf({ unit, epoch }: Balance): ComponentChildren {
  const name = h('span', { title: unit }, unitName(unit));
  if (epoch === null) return name;
  const { state, redeemable_from: from } = epoch;
  const note = state === 'maturing' && from !== null ? ` until block ${grouped(from)}` : '';
  return [name, h('div', { key: 'state', class: 'small' }, h(StateMark, epochStates[state]), note)];
}

/** Ehash short; sats to the last one. */
function sumOf({ unit }: Balance, sum: string): ComponentChildren {
  return isEhash(unit) ? amount(sum) : grouped(sum);
}

/** What all of it, minted or not, would bring now; rounded down, as the mint does. */
function worthOf({ amount, waiting, epoch }: Balance): string {
  const price = epoch?.state === 'redeemable' ? epoch.price : null;
  if (price === null || price.work === '0') return '–';
  const ehash = BigInt(amount) + BigInt(waiting);
  return `${grouped((ehash * BigInt(price.payable_sat)) / BigInt(price.work))} sat`;
}

/** What the translator's wallet holds, and what came and went. */
export function WalletPage(): JSX.Element {
  const reading = useWallet();
  const { data } = reading;
  if (data !== undefined && !data.available) {
    return h(
      'div',
      null,
      h(Title, { title: 'Wallet' }),
      h(Empty, { icon: 'coins', title: 'No wallet is shown' }, data.why),
    );
  }
  return h(
    'div',
    null,
    h(Title, { title: 'Wallet' }),
    h(
      'div',
      { class: 'grid' },
      h(
        Card,
        { title: 'Ehash', size: 'third', reading },
        data === undefined ? h(Skeleton, null) : h(EhashFlow, { wallet: data }),
      ),
      h(
        Card,
        { title: 'By unit', size: 'wide', reading },
        data === undefined
          ? h(Skeleton, null)
          : data.balances.length === 0
            ? h(
                Empty,
                { icon: 'coins', title: 'Nothing yet' },
                'The first share of a miner without a key of its own brings it.',
              )
            : h(Table<Balance>, {
                caption: 'Balances',
                columns: balanceColumns,
                rows: data.balances,
                keyOf: ({ unit }) => unit,
              }),
      ),
      h(
        Card,
        { title: 'History', size: 'wide', reading, span: 'the newest first' },
        data === undefined
          ? h(Skeleton, null)
          : data.history.length === 0
            ? h(
                Empty,
                { icon: 'clock', title: 'Nothing has come or gone' },
                'What the wallet takes and hands out stands here.',
              )
            : h(Table<Line>, {
                caption: 'History of the wallet',
                columns: lineColumns,
                rows: data.history,
                keyOf: ({ id }) => id,
              }),
      ),
      h(
        'div',
        { class: 'third column' },
        data !== undefined && h(TokensPanel, { balances: data.balances }),
        h(FaucetPanel, null),
        h(SpendPanel, null),
      ),
    ),
  );
}

const commands = [
  ['npm run wallet -- send 1000', 'a token that any Cashu wallet reads'],
  ['npm run wallet -- key', 'a key of your own to mine to'],
  ['npm run wallet -- restore', 'everything again from the seed'],
] as const;

function SpendPanel(): JSX.Element {
  return h(
    Card,
    { title: 'By command' },
    h(
      'div',
      { class: 'stack' },
      h('p', { class: 'muted' }, 'On the machine of the translator:'),
      commands.map(([text, label]) =>
        h('div', { key: text }, h('p', { class: 'small muted' }, label), h(Copyable, { text, label })),
      ),
    ),
  );
}

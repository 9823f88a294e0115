import { h, type JSX } from 'preact';
import type { WalletView } from '../../services/stats/api/schemas/wallet.ts';
import { useWallet } from '../data/use-wallet.ts';
import { counted, grouped, integer, shortAmount } from '../format/amount.ts';
import { Card } from '../parts/card.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Icon } from '../parts/icon.ts';
import { Term } from '../parts/term.ts';
import { isEhash, unitName } from '../words/units.ts';

type Balance = WalletView['balances'][number];

const DAY_MS = 86_400_000;

/** The way of the ehash: earned, waiting at the mint, in the wallet. */
export function WalletPanel(): JSX.Element {
  const reading = useWallet();
  const { data } = reading;
  return h(
    Card,
    {
      title: h('span', null, h(Term, { of: 'ehash' }, 'Ehash'), ' of this wallet'),
      reading,
      tools: h('a', { class: 'small', href: '#/wallet' }, 'Wallet'),
    },
    data === undefined
      ? h(Skeleton, { lines: 5 })
      : data.available
        ? h(EhashFlow, { wallet: data })
        : h(Empty, { icon: 'coins', title: 'No wallet is shown' }, data.why),
  );
}

/** Sums of all units of ehash, step by step. */
export function EhashFlow({ wallet }: { readonly wallet: WalletView }): JSX.Element {
  const ehash = wallet.balances.filter(({ unit }) => isEhash(unit));
  const sum = (part: (balance: Balance) => string): bigint =>
    ehash.reduce((total, balance) => total + (integer(part(balance)) ?? 0n), 0n);
  const day = wallet.as_of - DAY_MS;
  const minted = wallet.history
    .filter(({ kind, unit, at }) => kind === 'minted' && isEhash(unit) && at >= day)
    .reduce((total, { amount }) => total + (integer(amount) ?? 0n), 0n);
  const waiting = sum((balance) => balance.waiting);
  const others = wallet.balances.filter(({ unit }) => !isEhash(unit));
  return h(
    'ol',
    { class: 'flow' },
    h(Step, {
      icon: 'miner',
      label: 'Earned in the last 24 h',
      sum: minted + waiting,
      note: 'taken and waiting',
    }),
    h(Step, {
      icon: 'clock',
      label: 'Waiting at the mint',
      sum: waiting,
      note: waiting === 0n ? 'the wallet has taken all' : 'the wallet takes it by itself',
    }),
    h(Step, {
      icon: 'coins',
      label: 'In the wallet',
      sum: sum((balance) => balance.amount),
      note: ehash.length === 1 ? unitName(ehash[0]?.unit ?? '') : counted(ehash.length, 'epoch'),
    }),
    others.map((balance) =>
      h(Step, {
        key: balance.unit,
        icon: 'coins',
        label: `In the wallet, ${balance.unit}`,
        sum: integer(balance.amount) ?? 0n,
        note: '',
      }),
    ),
  );
}

interface StepProps {
  readonly icon: 'miner' | 'clock' | 'coins';
  readonly label: string;
  readonly sum: bigint;
  readonly note: string;
}

function Step({ icon, label, sum, note }: StepProps): JSX.Element {
  const { value, unit } = shortAmount(sum);
  return h(
    'li',
    null,
    h(Icon, { name: icon }),
    h('span', { class: 'label' }, label),
    h(
      'span',
      { class: 'value', title: grouped(sum) },
      value,
      unit !== '' && h('span', { class: 'unit' }, ` ${unit}`),
    ),
    h('span', { class: 'note' }, note),
  );
}

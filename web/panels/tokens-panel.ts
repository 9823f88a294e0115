import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SessionView, TokenView } from '../../services/stats/api/schemas/tokens.ts';
import type { WalletView } from '../../services/stats/api/schemas/wallet.ts';
import { now } from '../data/now.ts';
import { send } from '../data/request.ts';
import { useApi } from '../data/use-api.ts';
import { clockTime } from '../format/time.ts';
import { Card } from '../parts/card.ts';
import { Skeleton } from '../parts/empty.ts';
import { Field } from '../parts/field.ts';
import { Token } from '../parts/token.ts';
import { unitName } from '../words/units.ts';
import { SignInForm } from './sign-in-form.ts';

/** A token may have to be made at the mint first. */
const TOKEN_TIMEOUT_MS = 30_000;
const MOST_DIGITS = 19;

type Balance = WalletView['balances'][number];

/** Takes tokens out of the wallet, for whoever signs in by its key. */
export function TokensPanel({ balances }: { readonly balances: readonly Balance[] }): JSX.Element {
  const reading = useApi<SessionView>('api/wallet/session');
  const [own, setOwn] = useState<SessionView>();
  const [isAsking, setAsking] = useState(false);
  const session = own ?? reading.data;
  const until = session?.expires_at ?? null;
  const held = balances.filter(({ amount }) => amount !== '0');
  const end = async (): Promise<void> => {
    setOwn(await send<SessionView>('api/wallet/sign-out'));
    setAsking(false);
  };
  return h(
    Card,
    {
      title: 'Take tokens out',
      reading,
      ...(until !== null && until > now()
        ? {
            span: `signed in until ${clockTime(until)}`,
            tools: h('button', { type: 'button', class: 'button', onClick: () => void end() }, 'Sign out'),
          }
        : {}),
    },
    session === undefined
      ? h(Skeleton, null)
      : until !== null && until > now()
        ? h(TokenForm, { held })
        : isAsking
          ? h(SignInForm, { onDone: setOwn })
          : h(
              'div',
              { class: 'stack' },
              h(
                'p',
                { class: 'muted' },
                'As text and as a QR code that any Cashu wallet reads. You sign in by the key of this wallet.',
              ),
              h(
                'p',
                null,
                h('button', { type: 'button', class: 'button', onClick: () => setAsking(true) }, 'Sign in'),
              ),
            ),
  );
}

/** Asks for a token, and shows it until the next one or the end of the page: it is told once. */
function TokenForm({ held }: { readonly held: readonly Balance[] }): JSX.Element {
  const [amount, setAmount] = useState('');
  const [unit, setUnit] = useState(held[0]?.unit ?? '');
  const [made, setMade] = useState<TokenView>();
  const [trouble, setTrouble] = useState<string>();
  const [isUnderWay, setUnderWay] = useState(false);
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    setUnderWay(true);
    setTrouble(undefined);
    setMade(undefined);
    try {
      setMade(await send<TokenView>('api/wallet/tokens', { amount: amount.trim(), unit }, TOKEN_TIMEOUT_MS));
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    }
    setUnderWay(false);
  };
  if (held.length === 0) return h('p', { class: 'muted' }, 'The wallet holds nothing yet.');
  return h(
    'form',
    { class: 'stack', onSubmit: (event: Event) => void make(event) },
    h(Field, {
      label: 'How much',
      value: amount,
      placeholder: '1000',
      max: MOST_DIGITS,
      inputMode: 'numeric',
      onInput: setAmount,
    }),
    held.length > 1 && h(UnitChoice, { held, unit, onChoose: setUnit }),
    h(
      'p',
      null,
      h(
        'button',
        { type: 'submit', class: 'button', disabled: isUnderWay || amount === '' },
        isUnderWay ? 'Asking the mint' : 'Make a token',
      ),
    ),
    trouble !== undefined && h('p', { class: 'trouble', role: 'alert' }, trouble),
    made !== undefined &&
      h(
        'div',
        { class: 'stack' },
        h(Token, made),
        h(
          'p',
          { class: 'small muted' },
          'It is shown this once. Until somebody takes it, npm run wallet -- balance --json lists it too. ',
          h('button', { type: 'button', class: 'button', onClick: () => setMade(undefined) }, 'Done'),
        ),
      ),
  );
}

interface UnitChoiceProps {
  readonly held: readonly Balance[];
  readonly unit: string;
  readonly onChoose: (unit: string) => void;
}

function UnitChoice({ held, unit, onChoose }: UnitChoiceProps): JSX.Element {
  return h(
    'label',
    { class: 'stacked small' },
    'Of which unit',
    h(
      'select',
      {
        class: 'field',
        value: unit,
        onChange: (event: Event) => onChoose((event.currentTarget as HTMLSelectElement).value),
      },
      held.map((balance) => h('option', { key: balance.unit, value: balance.unit }, unitName(balance.unit))),
    ),
  );
}

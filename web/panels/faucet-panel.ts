import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FaucetView, GiftView } from '../../services/stats/api/schemas/faucet.ts';
import { send } from '../data/request.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { Card } from '../parts/card.ts';
import { Token } from '../parts/token.ts';

type Asking = { readonly gift?: GiftView; readonly trouble?: string; readonly isUnderWay: boolean };

/** Gives a token of the wallet away, on test networks; nothing where it is turned off. */
export function FaucetPanel(): JSX.Element | null {
  const reading = useApi<FaucetView>('api/faucet');
  const [asking, setAsking] = useState<Asking>({ isUnderWay: false });
  const { data } = reading;
  if (data === undefined || !data.enabled) return null;
  const ask = async (): Promise<void> => {
    setAsking({ isUnderWay: true });
    try {
      setAsking({ gift: await send<GiftView>('api/faucet'), isUnderWay: false });
    } catch (error) {
      setAsking({ trouble: error instanceof Error ? error.message : String(error), isUnderWay: false });
    }
  };
  return h(
    Card,
    { title: 'Faucet', reading, span: 'test network' },
    h(
      'p',
      { class: 'muted' },
      `Takes ${grouped(data.amount)} ehash out of this wallet, as a token for another one. `,
      `${grouped(data.given)} of ${grouped(data.total_per_day)} were given in the last 24\u00a0h.`,
    ),
    h(
      'p',
      { class: 'under' },
      h(
        'button',
        { type: 'button', class: 'button', disabled: asking.isUnderWay, onClick: () => void ask() },
        asking.isUnderWay ? 'Asking the mint' : 'Give me a token',
      ),
    ),
    asking.trouble !== undefined && h('p', { class: 'trouble', role: 'alert' }, asking.trouble),
    asking.gift !== undefined && h(Token, asking.gift),
  );
}

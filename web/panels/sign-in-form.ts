import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { SessionView, SignInCode } from '../../services/stats/api/schemas/tokens.ts';
import { now } from '../data/now.ts';
import { send } from '../data/request.ts';
import { Copyable } from '../parts/copy.ts';
import { Field } from '../parts/field.ts';

/** A code is renewed this long before it is over. */
const RENEW_MS = 5_000;
/** A signature, and what comes along when it is copied. */
const MOST_CHARACTERS = 140;

/** Shows a code, and takes the signature of it by the wallet's key. */
export function SignInForm({ onDone }: { readonly onDone: (session: SessionView) => void }): JSX.Element {
  const [code, setCode] = useState<SignInCode>();
  const [signature, setSignature] = useState('');
  const [trouble, setTrouble] = useState<string>();
  const [isUnderWay, setUnderWay] = useState(false);
  const failed = (error: unknown): void => setTrouble(error instanceof Error ? error.message : String(error));
  const renew = (): void => void send<SignInCode>('api/wallet/sign-in/code').then(setCode, failed);
  useEffect(renew, []);
  useEffect(() => {
    if (code === undefined) return;
    const timer = setTimeout(renew, Math.max(0, code.expires_at - now() - RENEW_MS));
    return () => clearTimeout(timer);
  }, [code]);
  const signIn = async (event: Event): Promise<void> => {
    event.preventDefault();
    setUnderWay(true);
    setTrouble(undefined);
    try {
      const signed = { code: code?.code ?? '', signature: signature.trim() };
      onDone(await send<SessionView>('api/wallet/sign-in', signed));
    } catch (error) {
      failed(error);
      setUnderWay(false);
    }
  };
  return h(
    'form',
    { class: 'stack', onSubmit: (event: Event) => void signIn(event) },
    h(
      'p',
      { class: 'muted' },
      'Tokens are for the owner of the wallet alone. Run this on the machine of the translator; it signs by the wallet’s key and prints the answer:',
    ),
    code !== undefined &&
      h(Copyable, { text: `npm run wallet -- sign-in ${code.code}`, label: 'the command' }),
    h(Field, { label: 'Its answer', value: signature, max: MOST_CHARACTERS, onInput: setSignature }),
    h(
      'p',
      null,
      h(
        'button',
        { type: 'submit', class: 'button', disabled: isUnderWay || code === undefined || signature === '' },
        'Sign in',
      ),
    ),
    trouble !== undefined && h('p', { class: 'trouble', role: 'alert' }, trouble),
  );
}

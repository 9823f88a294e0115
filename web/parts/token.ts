import { h, type JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { grouped } from '../format/amount.ts';
import { urParts } from '../format/ur.ts';
import { unitName } from '../words/units.ts';
import { Copyable } from './copy.ts';
import { Qr } from './qr.ts';

/** A longer text makes squares that a phone can't tell apart from arm's length. */
const MOST_CHARACTERS = 600;
/** Three codes a second: a camera takes each, and it is far from a flicker that hurts (WCAG 2.3.1). */
const EACH_MS = 333;

export interface TokenProps {
  readonly token: string;
  readonly amount: string;
  readonly unit: string;
}

/** A token to scan and to copy. */
export function Token({ token, amount, unit }: TokenProps): JSX.Element {
  return h(
    'div',
    { class: 'stack' },
    h('p', null, `${grouped(amount)} ${unitName(unit)}: scan it or copy it. Whoever is first has it.`),
    token.length > MOST_CHARACTERS
      ? h(AnimatedQr, { text: token, label: 'The token as an animated QR code' })
      : h(Qr, { text: token, label: 'The token as a QR code' }),
    h(Copyable, { text: token, label: 'the token' }),
  );
}

/** A long text as codes that follow each other until a wallet has read all of them (NUT-16). */
function AnimatedQr({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const parts = useMemo(() => urParts(new TextEncoder().encode(text)), [text]);
  const [shown, setShown] = useState(0);
  const [isRunning, setRunning] = useState(!matchMedia('(prefers-reduced-motion: reduce)').matches);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setShown((before) => (before + 1) % parts.length), EACH_MS);
    return () => clearInterval(timer);
  }, [parts, isRunning]);
  return h(
    'div',
    { class: 'stack' },
    h(Qr, { text: parts[shown] ?? '', label }),
    h(
      'p',
      { class: 'small muted' },
      `Part ${shown + 1} of ${parts.length}: hold the camera there until the wallet has all. `,
      h(
        'button',
        { type: 'button', class: 'button', onClick: () => setRunning(!isRunning) },
        isRunning ? 'Pause' : 'Play',
      ),
    ),
  );
}

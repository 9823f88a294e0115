import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.ts';

const SHOWN_MS = 2_000;

type Outcome = 'idle' | 'done' | 'refused';

/** A string in full, and a button that copies it. */
export function Copyable({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  return h('div', { class: 'copy' }, h('code', null, text), h(CopyButton, { text, label, hasWord: true }));
}

/** The beginning and the end of something long, and a button that copies all of it. */
export function Shortened({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const short = text.length > 20 ? `${text.slice(0, 8)}…${text.slice(-8)}` : text;
  return h(
    'span',
    { class: 'inline-copy' },
    h('code', { title: text }, short),
    h(CopyButton, { text, label, hasWord: false }),
  );
}

interface CopyButtonProps {
  readonly text: string;
  /** What is copied: `Copy LABEL`. */
  readonly label: string;
  readonly hasWord: boolean;
}

function CopyButton({ text, label, hasWord }: CopyButtonProps): JSX.Element {
  const [outcome, setOutcome] = useState<Outcome>('idle');
  useEffect(() => {
    if (outcome === 'idle') return;
    const timer = setTimeout(() => setOutcome('idle'), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const said = { idle: 'Copy', done: 'Copied', refused: 'Not allowed' }[outcome];
  return h(
    'button',
    {
      type: 'button',
      class: hasWord ? 'button' : 'button bare',
      'aria-label': outcome === 'idle' ? `Copy ${label}` : said,
      title: hasWord ? undefined : `Copy ${label}`,
      onClick: () => void copy(text).then(setOutcome),
    },
    h(Icon, { name: outcome === 'done' ? 'done' : 'copy' }),
    hasWord && h('span', { class: 'word' }, said),
    h('span', { class: 'unseen', role: 'status' }, outcome === 'idle' ? '' : said),
  );
}

/** Browsers have a clipboard on https and on localhost alone; elsewhere the old way still works. */
async function copy(text: string): Promise<Outcome> {
  if (navigator.clipboard === undefined) return copyBySelection(text) ? 'done' : 'refused';
  return navigator.clipboard.writeText(text).then(
    () => 'done',
    () => (copyBySelection(text) ? 'done' : 'refused'),
  );
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

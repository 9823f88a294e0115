import { type ComponentChildren, h, type JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Reading } from '../data/reading.ts';
import { AsOf } from './as-of.ts';
import { Boundary } from './boundary.ts';

export interface CardProps {
  readonly title: ComponentChildren;
  /** How much of the page it takes: `third`, `half`, `wide`; all of it where left out. */
  readonly size?: string;
  /** What stands beside the title: a choice of windows, a link. */
  readonly tools?: ComponentChildren;
  /** The span of time that its numbers are of. */
  readonly span?: string;
  /** Where its numbers come from; tells how fresh they are and what went wrong. */
  readonly reading?: Reading<unknown>;
  readonly children?: ComponentChildren;
}

/** A part of a page, with its name, its content, and the time that it is true of. */
export function Card({ title, size = '', tools, span, reading, children }: CardProps): JSX.Element {
  const id = useId();
  // What could not be read even once is told, and is not on its way.
  const isMissing = reading !== undefined && reading.data === undefined && reading.trouble !== undefined;
  return h(
    'section',
    { class: `card ${size}`, 'aria-labelledby': id },
    h('header', null, h('h2', { id }, title), tools),
    reading?.trouble !== undefined && h(Trouble, { text: reading.trouble }),
    !isMissing &&
      h('div', { class: reading?.isOld ? 'content stale' : 'content' }, h(Boundary, null, children)),
    h(
      'footer',
      null,
      span !== undefined && h('span', null, span),
      reading?.at !== undefined && h(AsOf, { at: reading.at }),
    ),
  );
}

function Trouble({ text }: { readonly text: string }): JSX.Element {
  return h('p', { class: 'trouble', role: 'status' }, text);
}

import { type ComponentChildren, h, type JSX } from 'preact';
import type { Quantity } from '../format/quantity.ts';

export interface FigureProps {
  readonly label: ComponentChildren;
  /** Left out while it is not known. */
  readonly value?: Quantity | undefined;
  readonly note?: ComponentChildren;
  readonly big?: boolean;
  /** Every digit, for whoever points at a value that was shortened. */
  readonly exact?: string;
}

/** One number with its name and its unit; within `Figures`. */
export function Figure({ label, value, note, big = false, exact }: FigureProps): JSX.Element {
  return h(
    'div',
    { class: big ? 'figure big' : 'figure' },
    h('dt', null, label),
    h(
      'dd',
      null,
      h(
        'span',
        { class: 'value', title: exact },
        value?.value ?? '–',
        value !== undefined && value.unit !== '' && h('span', { class: 'unit' }, ` ${value.unit}`),
      ),
      note !== undefined && h('span', { class: 'note' }, note),
    ),
  );
}

/** Numbers beside each other. */
export function Figures({ children }: { readonly children?: ComponentChildren }): JSX.Element {
  return h('dl', { class: 'figures' }, children);
}

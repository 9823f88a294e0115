import { h, type JSX } from 'preact';
import { grouped, shortAmount } from '../format/amount.ts';
import { asText } from '../format/quantity.ts';

/** A sum, short; all digits for whoever points at it. */
export function amount(sum: string): JSX.Element {
  return h('span', { title: grouped(sum) }, asText(shortAmount(sum)).trim());
}

import { h, type JSX } from 'preact';
import type { State } from '../words/states.ts';
import { Icon } from './icon.ts';

/** A state as form, colour and word. */
export function StateMark({ state, word }: { readonly state: State; readonly word: string }): JSX.Element {
  return h('span', { class: 'state', 'data-state': state }, h(Icon, { name: state }), word);
}

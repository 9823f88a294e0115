import { h, type JSX } from 'preact';
import { Icon } from './icon.ts';

/** How something is: well, not as it should be, broken, or not there. */
export type State = 'ok' | 'low' | 'bad' | 'off';

/** A state as form, colour and word. */
export function StateMark({ state, word }: { readonly state: State; readonly word: string }): JSX.Element {
  return h('span', { class: 'state', 'data-state': state }, h(Icon, { name: state }), word);
}

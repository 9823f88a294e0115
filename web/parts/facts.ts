import { type ComponentChildren, h, type JSX } from 'preact';

export type Fact = readonly [name: ComponentChildren, value: ComponentChildren];

/** Names and their values, a line each. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  return h(
    'dl',
    { class: 'facts' },
    facts.map(([name, value], k) => h('div', { key: k }, h('dt', null, name), h('dd', null, value))),
  );
}

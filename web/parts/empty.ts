import { type ComponentChildren, h, type JSX } from 'preact';
import { Icon, type IconName } from './icon.ts';

export interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  /** What to do next. */
  readonly children?: ComponentChildren;
}

/** What stands where there is nothing to show yet. */
export function Empty({ icon, title, children }: EmptyProps): JSX.Element {
  return h(
    'div',
    { class: 'empty' },
    h(Icon, { name: icon }),
    h('strong', null, title),
    h('p', null, children),
  );
}

/** What stands where the first answer has not come yet. */
export function Skeleton({ lines = 4 }: { readonly lines?: number }): JSX.Element {
  return h(
    'div',
    { role: 'status' },
    h('span', { class: 'unseen' }, 'Loading'),
    Array.from({ length: lines }, (_, k) =>
      h('span', {
        class: 'skeleton',
        key: k,
        style: { width: `${92 - ((k * 23) % 40)}%`, marginBottom: '0.625rem' },
      }),
    ),
  );
}

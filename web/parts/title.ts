import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface TitleProps {
  readonly title: string;
  /** What stands beside it: a state, a button. */
  readonly children?: ComponentChildren;
  /** Where one came from. */
  readonly back?: readonly [page: string, title: string];
}

/** The head of a page; screen readers are taken to it when the page changes. */
export function Title({ title, children, back }: TitleProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return h(
    'div',
    { class: 'title' },
    back !== undefined && h('a', { class: 'back', href: `#/${back[0]}` }, `Back to ${back[1]}`),
    h('h1', { ref: heading, tabIndex: -1 }, title),
    children,
  );
}

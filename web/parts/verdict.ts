import { type ComponentChildren, h, type JSX } from 'preact';
import type { Dependency } from '../../services/stats/api/schemas/health.ts';
import type { Live } from '../data/live.ts';
import { counted } from '../format/amount.ts';
import { judge } from '../words/judgement.ts';
import type { State } from '../words/states.ts';
import { Ago, AsOf } from './as-of.ts';
import { Skeleton } from './empty.ts';
import { Icon } from './icon.ts';

export interface VerdictProps {
  readonly live: Live;
  /** Whether it is the heading of its page. */
  readonly isHeading?: boolean;
}

/** The first thing on the page: whether all is well, and else what is not and where to look. */
export function Verdict({ live, isHeading = true }: VerdictProps): JSX.Element {
  const { data, at, trouble, isOld } = live.health;
  if (data === undefined) {
    if (trouble === undefined)
      return h('div', { class: 'verdict' }, h('span', null), h(Skeleton, { lines: 2 }));
    return h(
      Banner,
      { state: 'bad', title: 'No word from the stats service', isHeading },
      h('p', null, trouble),
    );
  }
  if (isOld) {
    return h(
      Banner,
      { state: 'low', title: 'Not known at present', isHeading },
      h('p', null, trouble, ' ', at !== undefined && h(AsOf, { at })),
    );
  }
  const { state, title, parts } = judge(data);
  return h(
    Banner,
    { state, title, isHeading },
    h(
      'p',
      null,
      `${counted(data.dependencies.length, 'part')} checked, `,
      at !== undefined && h(AsOf, { at }),
    ),
    parts.length > 0 &&
      h(
        'ul',
        null,
        parts.map((each) => h(Problem, { key: each.name, ...each })),
      ),
  );
}

function Problem({ name, title, why, since }: Dependency): JSX.Element {
  return h(
    'li',
    null,
    h('a', { href: `#/health/${name}` }, title),
    ` ${why} `,
    h('span', { class: 'muted small' }, '(for ', h(Ago, { at: since, isLength: true }), ')'),
  );
}

interface BannerProps {
  readonly state: State;
  readonly title: string;
  readonly isHeading: boolean;
  readonly children?: ComponentChildren;
}

function Banner({ state, title, isHeading, children }: BannerProps): JSX.Element {
  return h(
    'section',
    { class: 'verdict', 'data-state': state, 'aria-label': 'Verdict' },
    h(Icon, { name: state }),
    h(
      'div',
      null,
      h(isHeading ? 'h1' : 'h2', { class: 'said' }, h('span', { role: 'status' }, title)),
      children,
    ),
  );
}

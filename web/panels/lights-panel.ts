import { h, type JSX } from 'preact';
import type { Dependency, Health } from '../../services/stats/api/schemas/health.ts';
import type { Reading } from '../data/reading.ts';
import { Ago } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Skeleton } from '../parts/empty.ts';
import { Icon } from '../parts/icon.ts';
import { StateMark } from '../parts/state.ts';
import { stateOfDependency } from '../words/states.ts';

/** How each part of the side is, by looking at it just now. */
export function LightsPanel({ health }: { readonly health: Reading<Health> }): JSX.Element {
  return h(
    Card,
    {
      title: 'Parts',
      size: 'third',
      reading: health,
      span: 'looked at live',
      tools: h('a', { class: 'small', href: '#/health' }, 'Details'),
    },
    health.data === undefined
      ? h(Skeleton, { lines: 7 })
      : h(
          'ul',
          { class: 'rows lights' },
          health.data.dependencies.map((each) => h(Light, { key: each.name, ...each })),
        ),
  );
}

function Light(dependency: Dependency): JSX.Element {
  const { name, title, why, since, state: known } = dependency;
  const { state, word } = stateOfDependency(dependency);
  return h(
    'li',
    { 'data-state': state },
    h(Icon, { name: state }),
    h('a', { class: 'what', href: `#/health/${name}` }, title),
    known === 'ok'
      ? h('span', { class: 'when', title: why }, h('span', { class: 'unseen' }, word, ', '), why)
      : h(StateMark, { state, word }),
    known !== 'ok' && h('span', { class: 'why' }, why, ' (for ', h(Ago, { at: since, isLength: true }), ')'),
  );
}

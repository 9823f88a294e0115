import { h, type JSX } from 'preact';
import type { Dependency, Health } from '../../services/stats/api/schemas/health.ts';
import type { Services } from '../../services/stats/api/schemas/services.ts';
import type { Reading } from '../data/reading.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { Ago } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Skeleton } from '../parts/empty.ts';
import { Facts } from '../parts/facts.ts';
import { StateMark } from '../parts/state.ts';
import { Term } from '../parts/term.ts';
import { stateOfDependency } from '../words/states.ts';

/** Which pool is mined for, and how the way to it is. */
export function UpstreamPanel({ health }: { readonly health: Reading<Health> }): JSX.Element {
  const services = useApi<Services>('api/services');
  const find = (name: string): Dependency | undefined =>
    health.data?.dependencies.find((each) => each.name === name);
  const [upstream, translator] = [find('upstream'), find('translator')];
  const says = services.data?.processes.find(({ role }) => role === 'translator')?.status || '–';
  return h(
    Card,
    { title: h(Term, { of: 'upstream' }), reading: health, span: 'looked at live' },
    upstream === undefined || translator === undefined
      ? h(Skeleton, { lines: 5 })
      : h(
          'div',
          null,
          h(
            'p',
            { class: 'lead' },
            h(StateMark, stateOfDependency(upstream)),
            ' for ',
            h(Ago, { at: upstream.since, isLength: true }),
          ),
          h('p', { class: 'said' }, upstream.why),
          upstream.remedy !== '' && h('p', { class: 'remedy small' }, upstream.remedy),
          h(Facts, {
            facts: [
              ...(says === upstream.why ? [] : [['The translator says', says] as const]),
              ['Translator', h(StateMark, stateOfDependency(translator))],
              [
                'Answers within',
                translator.latency_ms === null ? '–' : `${grouped(translator.latency_ms)} ms`,
              ],
            ],
          }),
        ),
  );
}

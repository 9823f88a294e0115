import { h, type JSX } from 'preact';
import type { Dependency, Health } from '../../services/stats/api/schemas/health.ts';
import type { Services } from '../../services/stats/api/schemas/services.ts';
import type { Upstreams } from '../../services/stats/api/schemas/upstreams.ts';
import type { Reading } from '../data/reading.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { Ago } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Skeleton } from '../parts/empty.ts';
import { Facts } from '../parts/facts.ts';
import { Icon } from '../parts/icon.ts';
import { StateMark } from '../parts/state.ts';
import { Term } from '../parts/term.ts';
import { stateOfDependency } from '../words/states.ts';

/** Which pool is mined for, and how the way to it is. */
export function UpstreamPanel({ health }: { readonly health: Reading<Health> }): JSX.Element {
  const services = useApi<Services>('api/services');
  const pools = useApi<Upstreams>('api/upstreams').data?.upstreams ?? [];
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
          pools.length > 1 && h(PoolList, { pools }),
        ),
  );
}

/** The pools of the list, in its order: which is in use, since when, and what went wrong last. */
function PoolList({ pools }: { readonly pools: Upstreams['upstreams'] }): JSX.Element {
  return h(
    'ul',
    { class: 'rows', 'aria-label': 'Pools' },
    pools.map(({ name, in_use: inUse, state, since, why, failed_at: failedAt, failure }) =>
      h(
        'li',
        { key: name, 'data-state': poolStates[state] },
        h(Icon, { name: poolStates[state] }),
        h('span', { class: 'what' }, name, inUse && ', in use'),
        h('span', { class: 'when' }, 'for ', h(Ago, { at: since, isLength: true })),
        h(
          'span',
          { class: 'why' },
          why,
          failedAt !== null &&
            failure !== why &&
            h('span', null, '; last failure ', h(Ago, { at: failedAt }), `: ${failure}`),
        ),
      ),
    ),
  );
}

const poolStates = { ok: 'ok', failing: 'bad', unknown: 'off' } as const;

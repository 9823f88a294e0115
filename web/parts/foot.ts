import { Fragment, h, type JSX } from 'preact';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';

/** Where programs get the same. */
export function Foot({ stats }: { readonly stats: Stats | undefined }): JSX.Element {
  return h(
    Fragment,
    null,
    h('span', null, stats === undefined ? '' : `Network: ${stats.network}`),
    h('a', { href: 'api/docs' }, 'API'),
    h('a', { href: 'metrics' }, 'Metrics'),
    h('a', { href: 'health' }, 'Health for programs'),
    h('span', null, `Times are of your time zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`),
  );
}

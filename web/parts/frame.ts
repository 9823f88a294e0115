import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Live } from '../data/live.ts';
import type { LiveState } from '../data/live-feed.ts';
import { clockTime } from '../format/time.ts';
import { setTheme, type Theme, themes, useTheme } from '../theme.ts';
import { judge } from '../words/judgement.ts';
import { Boundary } from './boundary.ts';
import { Icon } from './icon.ts';

export type PageLink = readonly [page: string, title: string];

export interface FrameProps {
  /** Whose dashboard it is, beside the name. */
  readonly side: string;
  readonly links: readonly PageLink[];
  /** The page that is shown. */
  readonly page: string;
  readonly live: Live;
  readonly children?: ComponentChildren;
  readonly foot: ComponentChildren;
}

/** What stands around every page. */
export function Frame({ side, links, page, live, children, foot }: FrameProps): JSX.Element {
  useTitle(side, live);
  return h(
    'div',
    { class: 'frame' },
    h('a', { class: 'skip', href: '#content', onClick: skip }, 'Skip to the content'),
    h(
      'header',
      { class: 'head' },
      h('a', { class: 'brand', href: '#/' }, h(Logo, null), 'Hashpool', h('small', null, side)),
      h(
        'nav',
        { class: 'pages', 'aria-label': 'Pages' },
        links.map(([to, title]) =>
          h('a', { key: to, href: `#/${to}`, 'aria-current': to === page ? 'page' : undefined }, title),
        ),
      ),
      h('div', { class: 'tools' }, h(LiveMark, { live: live.state }), h(ThemeSwitch, null)),
    ),
    h('main', { id: 'content', tabIndex: -1 }, h(Boundary, { key: page }, children)),
    h('footer', { class: 'foot' }, foot),
  );
}

/** The window's title says how the side is, for whoever has it among other windows. */
function useTitle(side: string, { health }: Live): void {
  const verdict = health.data === undefined || health.isOld ? '' : `${judge(health.data).title} · `;
  useEffect(() => {
    document.title = `${verdict}Hashpool: ${side.toLowerCase()}`;
  }, [verdict, side]);
}

/** The part of the address after `#` says which page is shown, and so can't be the name of a place on it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Logo(): JSX.Element {
  return h(
    'svg',
    { viewBox: '0 0 32 32', 'aria-hidden': 'true' },
    h('rect', { width: 32, height: 32, rx: 8, fill: 'currentColor' }),
    h('path', {
      d: 'M12.5 7 10 25M22 7l-2.5 18M7.5 12.5h18M6.5 19.5h18',
      fill: 'none',
      stroke: 'var(--surface)',
      'stroke-width': 2.6,
      'stroke-linecap': 'round',
    }),
  );
}

/** Whether the numbers come by themselves; if not, since when. */
function LiveMark({ live }: { readonly live: LiveState }): JSX.Element {
  const text = {
    connecting: () => 'Connecting',
    live: () => 'Live',
    lost: () => `Not live since ${live.kind === 'lost' ? clockTime(live.since) : ''}`,
  }[live.kind]();
  return h('span', { class: 'live', 'data-state': live.kind, role: 'status' }, text);
}

const themeIcons = { system: 'system', light: 'light', dark: 'dark' } as const;

function ThemeSwitch(): JSX.Element {
  const theme = useTheme();
  const next: Theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  const words = `Theme: ${theme}. Change to ${next}`;
  return h(
    'button',
    {
      type: 'button',
      class: 'button bare',
      'aria-label': words,
      title: words,
      onClick: () => setTheme(next),
    },
    h(Icon, { name: themeIcons[theme] }),
  );
}

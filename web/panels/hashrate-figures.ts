import { h, type JSX } from 'preact';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';
import { duration } from '../format/duration.ts';
import { hashrate } from '../format/quantity.ts';
import { Figure, Figures } from '../parts/figure.ts';
import { Term } from '../parts/term.ts';
import { windowName } from '../words/windows.ts';

type Rate = Stats['hashrates'][number];

/** Below this an error says nothing that one would act on. */
const SMALL_ERROR = 0.01;

/** Mean rates over several windows; the one of ten minutes is the big one. */
export function HashrateFigures({ rates }: { readonly rates: readonly Rate[] }): JSX.Element {
  const main = rates.find(({ window_seconds }) => window_seconds === 600) ?? rates[0];
  const rest = rates.filter((rate) => rate !== main);
  return h(
    'div',
    { class: 'headline' },
    main !== undefined && h(Figures, null, h(RateFigure, { rate: main, isBig: true })),
    h(
      Figures,
      null,
      rest.map((rate) => h(RateFigure, { key: rate.window_seconds, rate })),
    ),
  );
}

function RateFigure({ rate, isBig = false }: { readonly rate: Rate; readonly isBig?: boolean }): JSX.Element {
  return h(Figure, {
    label: `mean of the last ${windowName(rate.window_seconds)}`,
    value: rate.hs === null ? undefined : hashrate(rate.hs),
    big: isBig,
    note: noteOf(rate),
  });
}

/** How far the number can be trusted. */
function noteOf({ hs, error, shares, seconds, window_seconds }: Rate): JSX.Element | string | undefined {
  if (hs === null) return 'not known yet';
  if (shares === 0) return 'no share in this time';
  const known = seconds < 0.9 * window_seconds ? `of the ${duration(seconds)} that are known` : '';
  if (error === null || error < SMALL_ERROR) return known || undefined;
  return h('span', null, `± ${Math.round(error * 100)} % `, h(Term, { of: 'error' }), known && `, ${known}`);
}

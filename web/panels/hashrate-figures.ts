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
  const sound = rates.map((rate) => (isBehind(rate, rates) ? { ...rate, hs: null } : rate));
  const main = sound.find(({ window_seconds }) => window_seconds === 600) ?? sound[0];
  const rest = sound.filter((rate) => rate !== main);
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

/** Longer windows are made of rolled-up rows: one that knows less than a shorter one has not caught up yet. */
function isBehind(rate: Rate, rates: readonly Rate[]): boolean {
  return rates.some(
    ({ window_seconds, seconds }) => window_seconds < rate.window_seconds && seconds > rate.seconds,
  );
}

function RateFigure({ rate, isBig = false }: { readonly rate: Rate; readonly isBig?: boolean }): JSX.Element {
  return h(Figure, {
    label: `mean of the last ${windowName(rate.window_seconds)}`,
    value: rate.hs === null ? undefined : hashrate(rate.hs),
    big: isBig,
    note: noteOf(rate, isBig),
  });
}

/** How far the number can be trusted; the word for that stands once. */
function noteOf(
  { hs, error, shares, seconds, window_seconds }: Rate,
  isBig: boolean,
): JSX.Element | string | undefined {
  if (hs === null) return 'not known yet';
  if (shares === 0) return 'no share in this time';
  const known = seconds < 0.9 * window_seconds ? `${duration(seconds)} known` : '';
  if (error === null || error < SMALL_ERROR) return known || undefined;
  const term = isBig && h('span', null, ' ', h(Term, { of: 'error' }));
  return h('span', null, `± ${Math.round(error * 100)} %`, term, known && `, ${known}`);
}

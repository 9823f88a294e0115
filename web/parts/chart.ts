import { h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { dateTime, machineTime } from '../format/time.ts';
import { whenColoursChange } from '../theme.ts';
import {
  type ChartLine,
  type ChartMarker,
  type ChartSpec,
  chartOptions,
  columnsOf,
} from './chart-options.ts';

export interface ChartProps extends ChartSpec {
  /** What it shows, for screen readers. */
  readonly label: string;
}

const MAX_TABLE_ROWS = 48;
const markerReachMs = (times: readonly number[]): number => ((times[1] ?? 0) - (times[0] ?? 0)) / 2;

/**
 * Lines over time. One reads it by pointing, by the arrow keys, or as a table.
 */
export function Chart({ label, ...spec }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(spec);
  latest.current = spec;
  const [index, setIndex] = useState<number>();
  // A chart is made anew where lines come or go; new values go into the one that is there.
  const form = spec.lines.map((line) => `${line.label} ${line.errors !== undefined}`).join('|');

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      const options = chartOptions(element, () => latest.current, sizeOf(element), setIndex);
      plot.current = new uPlot(options, columnsOf(latest.current), element);
    };
    draw();
    const observer = new ResizeObserver(() => plot.current?.setSize(sizeOf(element)));
    observer.observe(element);
    const forget = whenColoursChange(draw);
    return () => {
      forget();
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [form]);
  useEffect(() => plot.current?.setData(columnsOf(spec)), [spec.times, spec.lines, spec.markers]);

  const last = spec.times.length - 1;
  const move = (event: KeyboardEvent): void => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    const at =
      event.key === 'Home' ? 0 : event.key === 'End' ? last : (index ?? last) + (steps ?? Number.NaN);
    if (Number.isNaN(at)) return;
    event.preventDefault();
    const bounded = Math.max(0, Math.min(last, at));
    const left = plot.current?.valToPos((spec.times[bounded] ?? 0) / 1000, 'x') ?? 0;
    plot.current?.setCursor({ left, top: 0 });
    setIndex(bounded);
  };
  return h(
    'div',
    { class: 'chart' },
    h('div', {
      ref: place,
      class: 'plot',
      role: 'img',
      tabIndex: 0,
      'aria-label': `${label}. The arrow keys go through its values; below it stands a table.`,
      onKeyDown: move,
    }),
    h(Legend, { spec, index: index ?? last }),
    h(AsTable, { label, spec }),
  );
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  const width = Math.max(200, element.clientWidth);
  return { width, height: Math.round(Math.max(190, Math.min(460, width * 0.38))) };
}

/** The lines' names, with their values where one points, else the latest. */
function Legend({ spec, index }: { readonly spec: ChartSpec; readonly index: number }): JSX.Element {
  const at = spec.times[index];
  const near = at === undefined ? undefined : markerAt(spec.markers, at, markerReachMs(spec.times));
  return h(
    'ul',
    { class: 'legend', 'aria-live': 'polite' },
    spec.lines.map((line) =>
      h(
        'li',
        { key: line.label },
        h('span', { class: 'swatch', 'data-state': line.colour }),
        `${line.label} `,
        h('strong', null, valueText(line, index, spec.format)),
      ),
    ),
    at !== undefined && h('li', null, h('time', { dateTime: machineTime(at) }, dateTime(at))),
    near !== undefined && h('li', null, near.text),
  );
}

function valueText({ values, errors }: ChartLine, index: number, format: (value: number) => string): string {
  const value = values[index];
  if (value == null) return 'not known';
  const error = errors?.[index];
  return error == null || error === 0 ? format(value) : `${format(value)} ± ${Math.round(error * 100)} %`;
}

function markerAt(markers: readonly ChartMarker[], at: number, reach: number): ChartMarker | undefined {
  return markers.find((marker) => Math.abs(marker.at - at) <= reach);
}

/** The same as numbers: every value where they are few, else so many that they can be read. */
function AsTable({ label, spec }: { readonly label: string; readonly spec: ChartSpec }): JSX.Element {
  const step = Math.ceil(spec.times.length / MAX_TABLE_ROWS);
  const rows = spec.times
    .map((at, k) => ({ at, k }))
    .filter(({ k }) => (spec.times.length - 1 - k) % step === 0);
  return h(
    'details',
    { class: 'small not-on-paper' },
    h('summary', null, 'As a table'),
    h(
      'div',
      { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': `Table: ${label}` },
      h(
        'table',
        { class: 'table' },
        h('caption', { class: 'unseen' }, label),
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            h('th', { scope: 'col' }, 'Time'),
            spec.lines.map((line) => h('th', { scope: 'col', class: 'number', key: line.label }, line.label)),
          ),
        ),
        h(
          'tbody',
          null,
          rows.map(({ at, k }) =>
            h(
              'tr',
              { key: at },
              h('td', null, dateTime(at)),
              spec.lines.map((line) =>
                h('td', { class: 'number', key: line.label }, valueText(line, k, spec.format)),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

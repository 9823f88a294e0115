import { type ComponentChildren, h, type JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { HashrateChart, HashratePoint } from '../../services/stats/api/schemas/hashrate.ts';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';
import { useLive } from '../data/live.ts';
import type { Reading } from '../data/reading.ts';
import { useApi } from '../data/use-api.ts';
import { duration } from '../format/duration.ts';
import { asText, hashrate } from '../format/quantity.ts';
import { shortTime } from '../format/time.ts';
import { Card } from '../parts/card.ts';
import { Chart } from '../parts/chart.ts';
import type { ChartLine, ChartMarker } from '../parts/chart-options.ts';
import { Choice } from '../parts/choice.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Term } from '../parts/term.ts';
import { type ChartHours, chartHours, lastHours } from '../words/windows.ts';

const HOUR_MS = 3_600_000;

export interface HashratePanelProps {
  readonly title?: string;
  readonly size?: string;
  /** A miner's; of the whole side where left out. */
  readonly miner?: number;
  /** The line's name. */
  readonly line: string;
  /** Whether there is anything to chart, as the figures above it say, which are ahead of it. */
  readonly hasShares: boolean;
  /** Whether what was found is drawn beside what the pool credits. */
  readonly withFound?: boolean;
  /** What to do where there is no share yet. */
  readonly empty: ComponentChildren;
  /** Figures above the chart. */
  readonly children?: ComponentChildren;
}

/** The hashrate over time, in a window that one chooses. */
export function HashratePanel(props: HashratePanelProps): JSX.Element {
  const { title, size = 'wide', miner, line, hasShares, withFound = false, empty, children } = props;
  const [chosen, setHours] = useState<ChartHours>();
  const { stats } = useLive();
  const hours = chosen ?? fittingHours(stats.data);
  const isReady = chosen !== undefined || stats.data !== undefined || stats.trouble !== undefined;
  const of = miner === undefined ? '' : `&miner=${miner}`;
  const reading = useApi<HashrateChart>(isReady ? `api/hashrate?hours=${hours}${of}` : undefined, 10_000);
  return h(
    Card,
    {
      title: title ?? h(Term, { of: 'hashrate' }),
      size,
      span: spanOf(reading, hours),
      reading,
      tools: h(Choice<ChartHours>, {
        label: 'Window',
        options: chartHours,
        value: hours,
        onChange: setHours,
      }),
    },
    reading.data === undefined
      ? h(Skeleton, { lines: 8 })
      : h(
          'div',
          { class: 'content' },
          hasShares && children,
          reading.data.points.some(({ hs }) => hs !== null && hs > 0)
            ? h(RateChart, { data: reading.data, line, withFound })
            : hasShares
              ? h(
                  Empty,
                  { icon: 'clock', title: 'The chart is on its way' },
                  'Its first point comes a minute or two after the first share of the window.',
                )
              : h(Empty, { icon: 'clock', title: `No shares in the ${lastHours(hours)}` }, empty),
        ),
  );
}

/** A young record has a short chart: until a day is there, most of one would be empty. */
function fittingHours(stats: Stats | undefined): ChartHours {
  const age = stats === undefined ? Number.POSITIVE_INFINITY : stats.as_of - stats.recording_since;
  return chartHours.find(([hours]) => hours < 24 && age < 2 * hours * HOUR_MS)?.[0] ?? 24;
}

function spanOf({ data }: Reading<HashrateChart>, hours: number): string {
  if (data === undefined) return lastHours(hours);
  const [first] = known(data.points);
  const isYoung = first !== undefined && first !== data.points[0];
  const since = isYoung ? `, known from ${shortTime(first.at, data.to)} on` : '';
  return `${lastHours(hours)}${since}; each point is the mean of ${duration(data.window_seconds)}`;
}

interface RateChartProps {
  readonly data: HashrateChart;
  readonly line: string;
  readonly withFound: boolean;
}

function RateChart({ data, line, withFound }: RateChartProps): JSX.Element {
  const { blocks } = data;
  const points = useMemo(() => known(data.points), [data.points]);
  const times = useMemo(() => points.map(({ at }) => at), [points]);
  const lines = useMemo<ChartLine[]>(() => {
    const accepted: ChartLine = {
      label: line,
      colour: 'accent',
      values: points.map(({ hs }) => hs),
      errors: points.map(({ error }) => error),
    };
    if (!withFound) return [accepted];
    return [
      accepted,
      { label: 'found, rejected included', colour: 'second', values: points.map(found), isDashed: true },
    ];
  }, [points, line, withFound]);
  const markers = useMemo<ChartMarker[]>(
    () => blocks.map(({ at, height }) => ({ at, text: `Block ${height} was found here` })),
    [blocks],
  );
  return h(Chart, {
    label: `Hashrate in the ${lastHours(data.hours)}`,
    times,
    lines,
    markers,
    format: (value) => asText(hashrate(value)),
  });
}

/** The points from the first one that is known on: a young record begins at the left. */
function known(points: readonly HashratePoint[]): readonly HashratePoint[] {
  const first = points.findIndex(({ hs }) => hs !== null);
  return points.slice(Math.max(0, first));
}

/** The rate with rejected shares, each as if it proved as much as an accepted one of that time. */
function found({ hs, shares, rejected }: HashratePoint): number | null {
  return hs === null || shares === 0 ? hs : (hs * (shares + rejected)) / shares;
}

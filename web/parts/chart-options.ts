import uPlot from 'uplot';
import { type ChartColour, colourOf } from './chart-colours.ts';

export interface ChartLine {
  readonly label: string;
  readonly colour: ChartColour;
  /** One for each time; null is a gap. */
  readonly values: readonly (number | null)[];
  /** Relative standard error of each value: drawn as a band around the line. */
  readonly errors?: readonly (number | null)[];
  readonly isDashed?: boolean;
}

/** Something that happened, at a time. */
export interface ChartMarker {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

export interface ChartSpec {
  /** Milliseconds since 1970, in order. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly markers: readonly ChartMarker[];
  /** A value with its unit. */
  readonly format: (value: number) => string;
}

const MINUTE_SECONDS = 60;
const DAY_SECONDS = 86_400;
/** Sizes as parts of the chart's own font. */
const CHARACTER_WIDTH = 0.6;
const LABEL_HEIGHTS = 2.25;
const LABEL_GAPS = 10;

/** The columns that uPlot draws: times in seconds, the lines, then the edges of their bands. */
export function columnsOf({ times, lines }: ChartSpec): uPlot.AlignedData {
  const edges = lines.flatMap(({ values, errors }) =>
    errors === undefined ? [] : [edge(values, errors, 1), edge(values, errors, -1)],
  );
  return [times.map((time) => time / 1000), ...lines.map(({ values }) => [...values]), ...edges];
}

function edge(
  values: readonly (number | null)[],
  errors: readonly (number | null)[],
  sign: 1 | -1,
): (number | null)[] {
  return values.map((value, k) =>
    value === null ? null : Math.max(0, value * (1 + sign * (errors[k] ?? 0))),
  );
}

/**
 * How a chart is drawn within `element`, in its present colours.
 * @param latest what is shown, also once it has changed; the number and the names of its lines stay
 */
export function chartOptions(
  element: HTMLElement,
  latest: () => ChartSpec,
  size: { readonly width: number; readonly height: number },
  onCursor: (index: number | undefined) => void,
): uPlot.Options {
  const colour = (token: ChartColour, opacity?: number): string => colourOf(element, token, opacity);
  const style = getComputedStyle(element);
  // uPlot enlarges whole pixels alone for finer screens.
  const fontPx = Math.round(Number.parseFloat(style.fontSize));
  const characterPx = fontPx * CHARACTER_WIDTH;
  const font = `${fontPx}px ${style.fontFamily}`;
  const axis = { stroke: colour('muted'), font, ticks: { show: false } };
  const grid = { stroke: colour('grid'), width: 1 };
  const { lines } = latest();
  const banded = lines.filter(({ errors }) => errors !== undefined);
  const firstEdge = lines.length + 1;
  return {
    ...size,
    padding: [12, 2 * fontPx, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 }, y: false },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: LABEL_HEIGHTS * fontPx,
        space: LABEL_GAPS * characterPx,
        values: timeLabels,
      },
      {
        ...axis,
        grid,
        size: (_, labels) => axisWidth(labels) * characterPx,
        values: (_, splits) => splits.map(latest().format),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour: token, isDashed }) => ({
        label,
        stroke: colour(token),
        width: 2,
        spanGaps: false,
        points: { show: false },
        ...(isDashed ? { dash: [6, 4] } : { fill: colour(token, 0.1) }),
      })),
      ...banded.flatMap(() => [
        { stroke: 'transparent', points: { show: false } },
        { stroke: 'transparent', points: { show: false } },
      ]),
    ],
    bands: banded.map(({ colour: token }, k) => ({
      series: [firstEdge + 2 * k, firstEdge + 2 * k + 1],
      fill: colour(token, 0.18),
    })),
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? undefined)],
      draw: [(plot) => drawMarkers(plot, latest().markers, colour('low'))],
    },
  };
}

/** `14:05`, closer together `14:05:30`, and from a day between two labels on `21 Nov`; midnight is told by its date. */
function timeLabels(_: uPlot, splits: number[], __: number, ___: number, seconds: number): string[] {
  return splits.map((second) => {
    const time = new Date(second * 1000);
    const isMidnight = time.getHours() + time.getMinutes() + time.getSeconds() === 0;
    const isDay = seconds >= DAY_SECONDS || isMidnight;
    const withSeconds = seconds < MINUTE_SECONDS ? ({ second: '2-digit' } as const) : {};
    return isDay
      ? time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
      : time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...withSeconds });
  });
}

const SHORTEST_LABEL = 4;
const LABEL_MARGIN = 2;

/** In characters: as wide as its longest label. */
function axisWidth(labels: readonly string[] | null): number {
  return Math.max(SHORTEST_LABEL, ...(labels ?? []).map((label) => label.length)) + LABEL_MARGIN;
}

/** A line and a diamond at the time of each marker. */
function drawMarkers(plot: uPlot, markers: readonly ChartMarker[], colour: string): void {
  const { ctx, bbox } = plot;
  const half = 5 * uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = colour;
  ctx.strokeStyle = colour;
  ctx.setLineDash([2 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
  for (const { at } of markers) {
    const x = plot.valToPos(at / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const y = bbox.top + half;
    ctx.beginPath();
    ctx.moveTo(x, y + half);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, y - half);
    ctx.lineTo(x + half, y);
    ctx.lineTo(x, y + half);
    ctx.lineTo(x - half, y);
    ctx.fill();
  }
  ctx.restore();
}

/** Colours that are readable on light and on dark ground. */
export const INK = '#7d8793';
export const FAINT = '#7d879355';

const FONT = 'font-family="system-ui, sans-serif" font-size="12"';

/** A part of the drawing with its own scales: `x` and `y` map data to the page. */
export interface Panel {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  x(value: number): number;
  y(value: number): number;
}

type Range = readonly [low: number, high: number];

/** @param box left, top, right and bottom on the page */
export function panel([left, top, right, bottom]: readonly number[], xs: Range, ys: Range): Panel {
  const box = { left: left ?? 0, top: top ?? 0, right: right ?? 0, bottom: bottom ?? 0 };
  const scale = (value: number, [low, high]: Range, from: number, to: number): number =>
    Math.round((from + ((value - low) / (high - low)) * (to - from)) * 10) / 10;
  return {
    ...box,
    x: (value) => scale(value, xs, box.left, box.right),
    y: (value) => scale(value, ys, box.bottom, box.top),
  };
}

export function document(width: number, height: number, label: string, parts: readonly string[]): string {
  const root = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}" ${FONT}>`;
  return [root, ...parts, '</svg>', ''].join('\n');
}

export function text(
  x: number,
  y: number,
  words: string,
  anchor: 'start' | 'middle' | 'end',
  fill = INK,
): string {
  return `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${words}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${stroke}" stroke-width="${width}"/>`;
}

export function dot(x: number, y: number, fill: string): string {
  return `<circle cx="${x}" cy="${y}" r="4" fill="${fill}"/>`;
}

export function path(
  points: readonly (readonly [x: number, y: number])[],
  stroke: string,
  dashes = '',
): string {
  const dashed = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
  const steps = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  return `<path d="${steps}" fill="none" stroke="${stroke}" stroke-width="1.6"${dashed}/>`;
}

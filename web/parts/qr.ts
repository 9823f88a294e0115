import { h, type JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import encodeQR from 'qr';

/** Below this the usual correction still makes squares that a phone can tell apart. */
const MANY_BYTES = 600;

/** Light squares around a code; the frame on the page adds to them. */
const QUIET = 2;

/** A text as a QR code, black on white in both themes since not every phone reads the other way round. */
export function Qr({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const drawing = useMemo(() => draw(text), [text]);
  return h(
    'div',
    { class: 'qr' },
    h(
      'svg',
      {
        viewBox: `0 0 ${drawing.size} ${drawing.size}`,
        role: 'img',
        'aria-label': label,
        'shape-rendering': 'crispEdges',
      },
      h('path', { d: drawing.path, fill: 'currentColor' }),
    ),
  );
}

/** The dark squares as one path: a stroke for each run of a row. */
function draw(text: string): { readonly size: number; readonly path: string } {
  const ecc = text.length > MANY_BYTES ? 'low' : 'medium';
  const rows = encodeQR(text, 'raw', { ecc, border: QUIET });
  const path = rows
    .flatMap((row, y) => {
      const runs: string[] = [];
      for (let x = 0; x < row.length; x++) {
        const start = x;
        while (row[x] === true) x++;
        if (x > start) runs.push(`M${start} ${y}h${x - start}v1h-${x - start}z`);
      }
      return runs;
    })
    .join('');
  return { size: rows.length, path };
}

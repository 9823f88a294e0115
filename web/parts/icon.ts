import { h, type JSX } from 'preact';

/** Drawn on a field of 24 by 24, in the colour of the text around them. */
const paths = {
  ok: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z', 'm8 12.2 2.8 2.8L16.2 9.4'],
  low: ['M12 4 2.8 20h18.4L12 4Z', 'M12 10v4.2', 'M12 17.2v.1'],
  bad: ['M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3L8.3 3Z', 'm9 9 6 6', 'm15 9-6 6'],
  off: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z', 'M8 12h8'],
  copy: ['M9 9h11v11H9Z', 'M15 9V4H4v11h5'],
  done: ['m5 12.5 4.5 4.5L19 7.5'],
  light: [
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z',
    'M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  ],
  dark: ['M20 14.2A8.4 8.4 0 0 1 9.8 4a8.4 8.4 0 1 0 10.2 10.2Z'],
  system: ['M3.5 5h17v11.5h-17Z', 'M8.5 20h7'],
  miner: ['M5 4h14v16H5Z', 'M9 8h6v6H9Z', 'M9 17.5h2M13 17.5h2'],
  block: ['M12 3 4 7.4v9.2L12 21l8-4.4V7.4L12 3Z', 'M4 7.4l8 4.5 8-4.5', 'M12 11.9V21'],
  coins: [
    'M4 7c0 1.7 3.6 3 8 3s8-1.3 8-3-3.6-3-8-3-8 1.3-8 3Z',
    'M4 7v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7',
    'M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  ],
  link: [
    'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.6-5.6L12 7',
    'M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.6 5.6L12 17',
  ],
  clock: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z', 'M12 7.5V12l3 2'],
  print: ['M7 8V3.5h10V8', 'M7 17H3.5V8h17v9H17', 'M7 14h10v6.5H7Z'],
  back: ['m14 6-6 6 6 6'],
} as const;

export type IconName = keyof typeof paths;

/** A drawing that repeats what a word beside it says, and is therefore hidden from screen readers. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return h(
    'svg',
    {
      class: 'icon',
      viewBox: '0 0 24 24',
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 2,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
      'aria-hidden': 'true',
    },
    paths[name].map((d) => h('path', { d, key: d })),
  );
}

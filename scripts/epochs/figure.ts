import { document, dot, FAINT, INK, line, panel, path, text } from '../vardiff/svg.ts';
import { EASIER_BITS, type Gain, LEAVES_AT, POLICIES, type Policy } from './experiments.ts';

const WIDTH = 770;
const HEIGHT = 640;
const COLOURS: Readonly<Record<Policy, string>> = { target: '#2f86eb', hash: '#e0782f' };
/** Points of a curve of many miners. */
const POINTS = 400;

/** All that is drawn. */
export interface Drawn {
  /** By policy, what miners got for each hash, in ascending order. */
  readonly paid: Readonly<Record<Policy, readonly number[]>>;
  /** By policy, in the order of `EASIER_BITS` and `LEAVES_AT`. */
  readonly ease: Readonly<Record<Policy, readonly Gain[]>>;
  readonly hopping: Readonly<Record<Policy, readonly Gain[]>>;
}

/** docs/epochs.svg */
export function drawing(drawn: Drawn): string {
  const label = 'What a year of work was paid, by target and by hash, and what games bring under either';
  return document(WIDTH, HEIGHT, label, [
    ...POLICIES.flatMap((policy, i) => {
      const x = 520 + i * 120;
      return [line(x, 18, x + 20, 18, COLOURS[policy], 3), text(x + 26, 22, `policy ${policy}`, 'start')];
    }),
    ...spread(drawn.paid),
    ...games(
      [60, 400, 370, 590],
      'Shares easier by so many bits',
      EASIER_BITS.map((bits) => `${bits}`),
      drawn.ease,
      [0.9, 1.5],
    ),
    ...games(
      [450, 400, 740, 590],
      'Leaves at this age of an epoch',
      LEAVES_AT.map((age) => `${age}`),
      drawn.hopping,
      [0.5, 3.5],
    ),
  ]);
}

function spread(paid: Drawn['paid']): string[] {
  const view = panel([60, 60, 740, 320], [0, 100], [0, 2]);
  const curves = POLICIES.map((policy) => {
    const sorted = paid[policy];
    const points = Array.from({ length: POINTS + 1 }, (_, i) => {
      const at = Math.min(sorted.length - 1, Math.floor((i / POINTS) * sorted.length));
      return [view.x((100 * i) / POINTS), view.y(Math.min(2, sorted[at] ?? 0))] as const;
    });
    return path(points, COLOURS[policy]);
  });
  return [
    text(60, 22, 'What a year was paid for each hash, 1 being the fair part: 10,000 miners,', 'start'),
    text(60, 38, 'from the worst paid to the best', 'start'),
    ...[0, 0.5, 1, 1.5, 2].flatMap((value) => [
      line(60, view.y(value), 740, view.y(value), FAINT),
      text(52, view.y(value) + 4, value === 2 ? '≥ 2' : String(value), 'end'),
    ]),
    ...[0, 25, 50, 75, 100].map((part) => text(view.x(part), view.bottom + 18, `${part} %`, 'middle')),
    ...curves,
  ];
}

function games(
  box: readonly [number, number, number, number],
  title: string,
  names: readonly string[],
  gains: Readonly<Record<Policy, readonly Gain[]>>,
  ys: readonly [number, number],
): string[] {
  const view = panel(box, [-0.5, names.length - 0.5], ys);
  const marks = POLICIES.flatMap((policy, i) =>
    gains[policy].flatMap(({ mean, deviation }, at) => {
      const x = view.x(at) + (i === 0 ? -4 : 4);
      const [low, high] = [mean - 2 * deviation, mean + 2 * deviation].map((value) =>
        view.y(Math.max(ys[0], Math.min(ys[1], value))),
      );
      const shown = view.y(Math.max(ys[0], Math.min(ys[1], mean)));
      return [line(x, low ?? shown, x, high ?? shown, COLOURS[policy], 2), dot(x, shown, COLOURS[policy])];
    }),
  );
  const step = ys[1] - ys[0] > 1 ? 0.5 : 0.1;
  const count = Math.round((ys[1] - ys[0]) / step);
  return [
    text(box[0], box[1] - 14, `${title}: pay for each hash`, 'start'),
    ...Array.from({ length: count + 1 }, (_, i) => ys[0] + i * step).flatMap((value) => [
      line(box[0], view.y(value), box[2], view.y(value), Math.abs(value - 1) < 1e-9 ? INK : FAINT),
      text(box[0] - 8, view.y(value) + 4, value.toFixed(1), 'end'),
    ]),
    ...names.map((name, i) => text(view.x(i), view.bottom + 18, name, 'middle')),
    ...marks,
  ];
}

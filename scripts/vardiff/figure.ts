import { DECADES, SCENARIOS, type ScenarioFigures, type SteadyFigures, TRACE, trace } from './experiments.ts';
import { exactExponent, type RuleName, SHARES_PER_MINUTE } from './simulation.ts';
import { document, dot, FAINT, INK, line, panel, path, text } from './svg.ts';

const WIDTH = 770;
const HEIGHT = 850;
const LEFT = 60;
const RIGHT = 740;
const HOUR = 3_600;

const RULES: readonly { readonly name: RuleName; readonly colour: string; readonly shift: number }[] = [
  { name: 'hashpool', colour: '#2f86eb', shift: -6 },
  { name: 'SRI classic', colour: '#e0782f', shift: 6 },
];

/** The measurements of both rules, in the order of `SCENARIOS` and `DECADES`. */
export interface Measurements {
  readonly scenarios: Readonly<Record<RuleName, readonly ScenarioFigures[]>>;
  readonly steady: Readonly<Record<RuleName, readonly SteadyFigures[]>>;
}

/** docs/vardiff.svg */
export function drawing(measured: Measurements): string {
  const label = 'Exponents over time, times of convergence and rates of shares of two vardiff rules';
  return document(WIDTH, HEIGHT, label, [
    ...legend(),
    ...traces(),
    ...convergences(measured),
    ...steadyRates(measured),
  ]);
}

function legend(): string[] {
  return RULES.flatMap(({ name, colour }, index) => {
    const x = 500 + index * 110;
    return [line(x, 18, x + 20, 18, colour, 3), text(x + 26, 22, name, 'start')];
  });
}

function traces(): string[] {
  const view = panel([LEFT, 50, RIGHT, 260], [0, TRACE.hours], [36, 54]);
  const point = (seconds: number, exponent: number) =>
    [view.x(seconds / HOUR), view.y(Math.max(36, exponent))] as const;
  const exact = TRACE.phases.flatMap(({ at, hashRate }, index) => {
    const until = TRACE.phases[index + 1]?.at ?? TRACE.hours * HOUR;
    if (hashRate === 0) return [];
    const exponent = exactExponent(hashRate);
    return [path([point(at, exponent), point(until, exponent)], INK, '2 4')];
  });
  const curves = RULES.map(({ name, colour }) => {
    const { moves } = trace(name);
    const points = moves.flatMap(({ at, exponent }, index) => [
      point(at, exponent),
      point(moves[index + 1]?.at ?? TRACE.hours * HOUR, exponent),
    ]);
    return path(points, colour);
  });
  const hours = Array.from({ length: TRACE.hours + 1 }, (_, hour) =>
    text(view.x(hour), view.bottom + 18, `${hour} h`, 'middle'),
  );
  return [
    text(LEFT, 22, 'Exponent of a miner: claims a thousandth,', 'start'),
    text(LEFT, 38, 'falls by 100 at 1 h, is back at 2 h, pauses for 6 minutes at 3 h', 'start'),
    ...[40, 45, 50].flatMap((exponent) => [
      line(LEFT, view.y(exponent), RIGHT, view.y(exponent), FAINT),
      text(LEFT - 8, view.y(exponent) + 4, String(exponent), 'end'),
    ]),
    ...exact,
    ...curves,
    ...hours,
  ];
}

function convergences({ scenarios }: Measurements): string[] {
  const view = panel([250, 340, RIGHT, 560], [0, 1500], [SCENARIOS.length, 0]);
  const rows = SCENARIOS.flatMap(({ name }, row) => {
    const middle = view.y(row + 0.5);
    return [
      text(view.left - 12, middle + 4, name, 'end'),
      ...RULES.flatMap((rule) => {
        const found = scenarios[rule.name][row]?.found;
        if (!found) return [];
        const y = middle + rule.shift;
        const [median, worst] = [view.x(found.median), view.x(Math.min(1500, found.worst))];
        return [line(median, y, worst, y, rule.colour, 2), dot(median, y, rule.colour)];
      }),
    ];
  });
  return [
    text(LEFT, 322, 'Seconds until the target is right: median (dot) to worst of 260 runs', 'start'),
    ...[0, 300, 600, 900, 1200, 1500].flatMap((seconds) => [
      line(view.x(seconds), view.top, view.x(seconds), view.bottom, FAINT),
      text(view.x(seconds), view.bottom + 18, `${seconds} s`, 'middle'),
    ]),
    ...rows,
  ];
}

function steadyRates({ steady }: Measurements): string[] {
  const view = panel([LEFT, 640, RIGHT, 810], [-0.5, DECADES.length - 0.5], [0, 14]);
  const names = ['1 MH/s', '1 GH/s', '1 TH/s', '1 PH/s', '1 EH/s'];
  const marks = RULES.flatMap(({ name, colour, shift }) =>
    steady[name].map(({ sharesPerMinute }, decade) =>
      dot(view.x(decade) + shift / 2, view.y(sharesPerMinute), colour),
    ),
  );
  return [
    text(
      LEFT,
      622,
      `Shares a minute of a settled miner; wanted are ${SHARES_PER_MINUTE}, a power of two brings up to twice as many`,
      'start',
    ),
    ...[0, 6, 12].flatMap((rate) => [
      line(LEFT, view.y(rate), RIGHT, view.y(rate), rate === SHARES_PER_MINUTE ? INK : FAINT),
      text(LEFT - 8, view.y(rate) + 4, String(rate), 'end'),
    ]),
    ...names.map((name, index) => text(view.x(index * 3), view.bottom + 20, name, 'middle')),
    ...marks,
  ];
}

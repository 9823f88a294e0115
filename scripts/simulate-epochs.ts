import { readFileSync, writeFileSync } from 'node:fs';
import {
  EASIER_BITS,
  type Gain,
  gainByEase,
  gainByHopping,
  honestYear,
  LEAVES_AT,
  MEAN_EPOCH_HOURS,
  POLICIES,
  type Policy,
  type YearFigures,
} from './epochs/experiments.ts';
import { drawing } from './epochs/figure.ts';

/** The page whose tables lie between two marks, and the drawing next to it. */
const page = new URL('../docs/ehash.md', import.meta.url);
const picture = new URL('../docs/epochs.svg', import.meta.url);
const BEGIN = '<!-- printed by node scripts/simulate-epochs.ts --write -->';
const END = '<!-- end of what is printed -->';

const COUNTS = [10_000, 1_000_000] as const;

type ByPolicy<T> = Readonly<Record<Policy, T>>;

function ofBoth<T>(of: (policy: Policy) => T): ByPolicy<T> {
  return { target: of('target'), hash: of('hash') };
}

function tables(
  years: readonly (readonly [Policy, YearFigures])[],
  ease: ByPolicy<readonly Gain[]>,
  hopping: ByPolicy<readonly Gain[]>,
): string {
  return [
    `Epochs last ${MEAN_EPOCH_HOURS.toFixed(1)} hours in the mean.`,
    '',
    '| miners | policy | epochs | error of pay, by chance 1 | at most | paid for each hash: 1 of 100, median, 99 of 100 | rounded off, sats at most |',
    '|---|---|---|---|---|---|---|',
    ...years.map(yearRow),
    '',
    `| shares easier by so many bits | ${EASIER_BITS.join(' | ')} |`,
    `|---|${EASIER_BITS.map(() => '---|').join('')}`,
    ...POLICIES.map(
      (policy) => `| paid for each hash, \`${policy}\` | ${ease[policy].map(gainCell).join(' | ')} |`,
    ),
    '',
    `| leaves at this age, in mean epochs | ${LEAVES_AT.join(' | ')} |`,
    `|---|${LEAVES_AT.map(() => '---|').join('')}`,
    ...POLICIES.map(
      (policy) => `| paid for each hash, \`${policy}\` | ${hopping[policy].map(gainCell).join(' | ')} |`,
    ),
  ].join('\n');
}

function yearRow([policy, { miners, epochs, error, worst, paid, mostRoundedOff }]: readonly [
  Policy,
  YearFigures,
]): string {
  const at = (part: number) => paid[Math.floor(part * paid.length)] ?? 0;
  const cells = [
    miners.toLocaleString('en'),
    `\`${policy}\``,
    epochs,
    figure(error),
    figure(worst),
    [at(0.01), at(0.5), at(0.99)].map((value) => value.toFixed(4)).join(', '),
    mostRoundedOff.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Three digits, or all of a large one. */
function figure(value: number): string {
  return value < 1000 ? value.toPrecision(3) : Math.round(value).toLocaleString('en');
}

function gainCell({ mean, deviation }: Gain): string {
  return `${mean.toFixed(3)} ± ${deviation.toFixed(3)}`;
}

const years = COUNTS.flatMap((count) =>
  POLICIES.map((policy) => [policy, honestYear(policy, count)] as const),
);
const ease = ofBoth((policy) => EASIER_BITS.map((bits) => gainByEase(policy, bits)));
const hopping = ofBoth((policy) => LEAVES_AT.map((age) => gainByHopping(policy, age)));
const printed = tables(years, ease, hopping);
if (process.argv.includes('--write')) {
  const words = readFileSync(page, 'utf8');
  const [before, rest] = words.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('docs/ehash.md has lost its marks');
  writeFileSync(page, `${before}${BEGIN}\n${printed}\n${END}${after}`);
  const paid = ofBoth((policy) => years.find(([of]) => of === policy)?.[1].paid ?? []);
  writeFileSync(picture, drawing({ paid, ease, hopping }));
} else {
  console.log(printed);
}

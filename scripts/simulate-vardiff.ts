import { readFileSync, writeFileSync } from 'node:fs';
import {
  DECADES,
  measureScenario,
  measureStart,
  measureSteady,
  SCENARIOS,
  type Scenario,
  type ScenarioFigures,
  type SteadyFigures,
} from './vardiff/experiments.ts';
import { drawing, type Measurements } from './vardiff/figure.ts';
import { machineRows } from './vardiff/machines.ts';
import { exactExponent, type RuleName } from './vardiff/simulation.ts';

/** The page whose tables lie between two marks, and the drawing next to it. */
export const page = new URL('../docs/vardiff.md', import.meta.url);
const picture = new URL('../docs/vardiff.svg', import.meta.url);
const BEGIN = '<!-- printed by node scripts/simulate-vardiff.ts --write -->';
const END = '<!-- end of what is printed -->';

const RULES: readonly RuleName[] = ['hashpool', 'SRI classic'];

/** The rows of one scenario, one for each rule. */
export function scenarioRows(scenario: Scenario): string[] {
  return RULES.map((rule) => scenarioRow(scenario, rule, measureScenario(rule, scenario)));
}

function scenarioRow({ name }: Scenario, rule: RuleName, figures: ScenarioFigures): string {
  const { found, nextShare, firstMinute } = figures;
  const cells = [found, nextShare].map(({ median, worst }) => `${seconds(median)} / ${seconds(worst)}`);
  const shares = `${firstMinute.median} / ${firstMinute.worst}`;
  return `| ${name} | ${rule} | ${cells.join(' | ')} | ${shares} |`;
}

/** The row of one hash rate. */
export function decadeRow(hashRate: number): string {
  const [ours, classic] = RULES.map((rule) => measureSteady(rule, hashRate));
  if (!ours || !classic) throw new Error('two rules are to be compared');
  return decadeCells(hashRate, ours, classic);
}

function decadeCells(hashRate: number, ours: SteadyFigures, classic: SteadyFigures): string {
  const { median, worst } = measureStart('hashpool', hashRate);
  const cells = [
    rateInWords(hashRate),
    exactExponent(hashRate).toFixed(2),
    `${seconds(median)} / ${seconds(worst)}`,
    ours.sharesPerMinute.toFixed(1),
    percent(ours.error),
    ours.movesPerHour.toFixed(2),
    `${ours.paid.toFixed(4)} ± ${ours.deviation.toFixed(4)}`,
    classic.sharesPerMinute.toFixed(1),
    percent(classic.error),
    classic.movesPerHour.toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

function rateInWords(hashRate: number): string {
  const power = Math.round(Math.log10(hashRate));
  return `${10 ** (power % 3)} ${['MH/s', 'GH/s', 'TH/s', 'PH/s', 'EH/s'][Math.floor(power / 3) - 2]}`;
}

function seconds(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value)) : '—';
}

function percent(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value * 100).toFixed(0)} %`;
}

function measure(): Measurements {
  const scenarios = (rule: RuleName) => SCENARIOS.map((scenario) => measureScenario(rule, scenario));
  const steady = (rule: RuleName) => DECADES.map((hashRate) => measureSteady(rule, hashRate));
  return {
    scenarios: { hashpool: scenarios('hashpool'), 'SRI classic': scenarios('SRI classic') },
    steady: { hashpool: steady('hashpool'), 'SRI classic': steady('SRI classic') },
  };
}

function tables(): string {
  return [
    '| what happens | rule | target right after, s (median / worst) | next share after, s | shares in the first minute |',
    '|---|---|---|---|---|',
    ...SCENARIOS.flatMap(scenarioRows),
    '',
    '| hash rate | exact exponent | right after a start, s (median / worst) | shares a minute | error | moves an hour | paid for each hash | SRI classic: shares a minute | error | moves an hour |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...DECADES.map(decadeRow),
    '',
    '| machine behind the translator | begins with | target right after, s (median / 90 of 100) | shares in the first minute at most |',
    '|---|---|---|---|',
    ...machineRows(),
  ].join('\n');
}

if (import.meta.main) {
  const printed = tables();
  if (process.argv.includes('--write')) {
    const text = readFileSync(page, 'utf8');
    const [before, rest] = text.split(BEGIN);
    const after = rest?.split(END)[1];
    if (before === undefined || after === undefined) throw new Error(`docs/vardiff.md has lost its marks`);
    writeFileSync(page, `${before}${BEGIN}\n${printed}\n${END}${after}`);
    writeFileSync(picture, drawing(measure()));
  } else {
    console.log(printed);
  }
}

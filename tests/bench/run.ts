import type { Figure, Reading, Run } from './figure.ts';
import { machineTime, stolenPercent } from './stolen.ts';

/** Odd, so that one of them is the median. */
const RUNS = 5;

interface Result {
  figure: Figure;
  /** One a run, sorted. */
  values: number[];
  median: number;
  remarks: string[];
  readings: Reading[];
}

const results = new Map<Figure, Result>();

/** Measures a figure once in this process, its limit first. */
async function measure(figure: Figure): Promise<void> {
  if (results.has(figure)) return;
  if (figure.limit) await measure(figure.limit.figure);
  process.stderr.write(`${figure.name}\n`);
  const session = await figure.open();
  const values: number[] = [];
  const remarks: string[] = [];
  const readings: Reading[] = [];
  try {
    await session.run();
    const began = machineTime();
    while (values.length < (figure.runs ?? RUNS)) {
      const before = process.cpuUsage();
      values.push(valueOfRun(await session.run(), process.cpuUsage(before)));
    }
    remarks.push(...(session.remarks?.() ?? []));
    // A host that gives its processors to others shows in delays first.
    const stolen = {
      name: 'taken by other machines',
      unit: '% of the processors',
      value: stolenPercent(began),
    };
    readings.push(...(session.readings?.() ?? []), stolen);
  } finally {
    await session.close?.();
  }
  values.sort((a, b) => a - b);
  const median = values[values.length >> 1] ?? Number.NaN;
  results.set(figure, { figure, values, median, remarks, readings });
}

function valueOfRun(run: Run, ownCpu: NodeJS.CpuUsage): number {
  if ('value' in run) return run.value;
  const cpuUs = (run.cpuUs ?? ownCpu.user + ownCpu.system) - (run.generatorCpuUs ?? 0);
  return (run.operations / cpuUs) * 1e6;
}

function limitOf(figure: Figure): number | null {
  const limit = figure.limit && results.get(figure.limit.figure);
  return limit ? limit.median / (figure.limit?.per ?? 1) : null;
}

const inWords = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

function printTable(): void {
  const rows = [['figure', 'median', 'lowest', 'highest', 'unit', 'limit', 'ratio']];
  for (const { figure, values, median, readings } of results.values()) {
    const limit = limitOf(figure);
    const extremes = [values[0] ?? median, values.at(-1) ?? median].map(inWords);
    const ofLimit = limit === null ? ['', ''] : [inWords(limit), (median / limit).toFixed(2)];
    rows.push([figure.name, inWords(median), ...extremes, figure.unit, ...ofLimit]);
    for (const { name, value, unit } of readings)
      rows.push([`  ${name}`, inWords(value), '', '', unit, '', '']);
  }
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const isText = (column: number) => column === 0 || column === 4;
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    console.log(cells.join('  ').trimEnd());
  }
}

function printRemarks(): void {
  for (const { figure, remarks } of results.values()) {
    if (remarks.length > 0) console.log(`\n${figure.name}\n${remarks.map((line) => `  ${line}`).join('\n')}`);
  }
}

function printJson(): void {
  for (const { figure, values, median, readings } of results.values()) {
    const limit = limitOf(figure);
    const ratio = limit === null ? null : median / limit;
    const runs = values.length;
    console.log(JSON.stringify({ name: figure.name, value: median, unit: figure.unit, limit, ratio, runs }));
    for (const { name, value, unit } of readings)
      console.log(
        JSON.stringify({ name: `${figure.name}: ${name}`, value, unit, limit: null, ratio: null, runs }),
      );
  }
}

/** Measures the figures, each after its limit, and prints a table and then a JSON line for each. */
export async function runFigures(figures: readonly Figure[]): Promise<void> {
  for (const figure of figures) await measure(figure);
  printTable();
  printRemarks();
  console.log();
  printJson();
}

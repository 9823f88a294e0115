import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bench, Figure } from './figure.ts';
import { runFigures } from './run.ts';

/**
 * npm run bench [-- NAME ...]: measures the figures of NAME.bench.ts, or of all files where no name is given.
 *
 *     --only TEXT      of these figures those alone that have TEXT in their names
 *     --seconds N      the figures under a load that is kept up for N seconds
 *     --tip-every N    with a new tip every N seconds; one tip all the time where it is left out
 */

const SUFFIX = '.bench.ts';
const EXIT_USAGE = 64;

function figuresOf(bench: Bench, seconds: number, tipEvery: number): Figure[] {
  return seconds > 0 ? (bench.sustained?.({ seconds, tipEvery }) ?? []) : bench.figures;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '0' },
    'tip-every': { type: 'string', default: '0' },
  },
});
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const unknown = positionals.find((name) => !names.includes(name));

if (unknown === undefined) {
  const benches: Bench[] = [];
  for (const name of positionals.length > 0 ? positionals : names) {
    benches.push(await import(`./${name}${SUFFIX}`));
  }
  const figures = benches.flatMap((bench) =>
    figuresOf(bench, Number(values.seconds), Number(values['tip-every'])),
  );
  const wanted = figures.filter(({ name }) => name.includes(values.only));
  try {
    if (wanted.length > 0) await runFigures(wanted);
    else {
      console.error(
        `bench: no figure has "${values.only}" in its name:\n${figures.map(({ name }) => name).join('\n')}`,
      );
      process.exitCode = EXIT_USAGE;
    }
  } finally {
    for (const bench of benches) await bench.close?.();
  }
} else {
  console.error(`bench: there is no ${unknown}; choose from ${names.join(', ')}`);
  process.exitCode = EXIT_USAGE;
}

import { readdirSync } from 'node:fs';
import type { Figure } from './figure.ts';
import { runFigures } from './run.ts';

/** npm run bench [-- NAME ...]: measures the figures of NAME.bench.ts, or of all files where no name is given. */

const SUFFIX = '.bench.ts';
const EXIT_USAGE = 64;

const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !names.includes(name));

if (unknown === undefined) {
  const figures: Figure[] = [];
  for (const name of wanted.length > 0 ? wanted : names) {
    const bench: { figures: Figure[] } = await import(`./${name}${SUFFIX}`);
    figures.push(...bench.figures);
  }
  await runFigures(figures);
} else {
  console.error(`bench: there is no ${unknown}; choose from ${names.join(', ')}`);
  process.exitCode = EXIT_USAGE;
}

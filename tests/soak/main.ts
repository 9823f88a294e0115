import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * `npm run test:soak [-- PART [options]]`: long runs under load, one after the other: `pool` (pool.ts), `translator`
 * (translator.ts), `stats` (stats.ts). Options go to the part that is named. Ends with 1 where one of them found fault.
 */

const PARTS = ['pool', 'translator', 'stats'];

const [first, ...rest] = process.argv.slice(2);
const isNamed = first !== undefined && PARTS.includes(first);
const options = isNamed ? rest : process.argv.slice(2);
if (!isNamed && options.length > 0) {
  process.stderr.write(`name the part that the options are for: ${PARTS.join(', ')}\n`);
  process.exit(64);
}

let faults = 0;
for (const part of isNamed ? [first] : PARTS) {
  process.stdout.write(`soak: ${part}\n`);
  const entry = fileURLToPath(new URL(`./${part}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, [entry, ...options], { stdio: 'inherit' });
  if (status !== 0) faults++;
}
process.exit(faults === 0 ? 0 : 1);

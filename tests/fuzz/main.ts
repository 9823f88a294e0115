import { randomInt } from 'node:crypto';
import { cashu } from './cashu.ts';
import { decoder } from './decoder.ts';
import { fuzz, type Target } from './fuzz.ts';
import { handshake } from './handshake.ts';
import { sv1 } from './sv1.ts';

/**
 * `npm run fuzz -- TARGET [INPUTS|SECONDSs] [SEED]`: broken input for what reads the wire, begun from the corpus. A
 * finding ends it with its seed; the same seed gives the same inputs.
 */

const targets: Readonly<Record<string, readonly Target[]>> = { cashu, decoder, handshake, sv1 };
const EXIT_USAGE = 64;

const [name = '', amount = '1000000', seedText = String(randomInt(2 ** 31))] = process.argv.slice(2);
const chosen = name === 'all' ? Object.entries(targets) : [[name, targets[name]] as const];
const isTimed = /^\d+s$/.test(amount);
const [count, seed] = [Number.parseInt(amount, 10), Number(seedText)];

if (chosen.some(([, each]) => each === undefined) || !/^\d+s?$/.test(amount) || !Number.isInteger(seed)) {
  console.error(`usage: npm run fuzz -- ${Object.keys(targets).join('|')}|all [INPUTS|SECONDSs] [SEED]`);
  process.exitCode = EXIT_USAGE;
} else {
  for (const [part, each = []] of chosen) {
    const from = performance.now();
    const until = from + (count * 1000) / chosen.length;
    const tallies = fuzz(each, {
      inputs: isTimed ? Number.POSITIVE_INFINITY : count,
      seed,
      ...(isTimed && { isOver: () => performance.now() > until }),
    });
    const rows = [...tallies].map(([what, { taken, refused }]) => ({ what, taken, refused }));
    const inputs = rows.reduce((sum, { taken, refused }) => sum + taken + refused, 0);
    const seconds = (performance.now() - from) / 1000;
    console.log(`${part}: ${inputs} inputs in ${seconds.toFixed(1)} s, seed ${seed}, no finding`);
    for (const { what, taken, refused } of rows) console.log(`  ${what}: ${taken} taken, ${refused} refused`);
  }
}

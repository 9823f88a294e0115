import { fuzzSv2 } from './sv2.ts';

/** `npm run fuzz -- [INPUTS] [SEED]`: broken input for every decoder of the wire; a finding ends it, with its seed. */
const inputs = Number(process.argv.at(2) ?? 5_000_000);
const seed = Number(process.argv.at(3) ?? Date.now() % 0x7fffffff);

console.log(`${inputs} inputs, seed ${seed}`);
for (const [name, [taken, refused]] of fuzzSv2({ inputs, seed })) {
  console.log(`${name}: ${taken} taken, ${refused} refused`);
}

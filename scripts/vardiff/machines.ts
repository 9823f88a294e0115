import { convergence, exactExponent, ruleNamed, SHARES_PER_MINUTE, seeded, simulate } from './simulation.ts';

const HOUR = 3_600;
const SEEDS = 100;
const CEILING = 62;
const TERA = 1e12;

/** A miner behind the translator, and what the translator begins with. */
interface Machine {
  readonly name: string;
  readonly begins: string;
  /** Hashes a second, real and as told to the pool. */
  readonly hashRate: number;
  readonly told: number;
  /** The easiest exponent that the miner, or its port, wants. */
  readonly floor: number;
}

/** A suggestion's rate as `wish.ts` of the translator tells it. */
const suggested = (bits: number): number => (0.75 * 2 ** bits * SHARES_PER_MINUTE) / 60;
const known = (hashRate: number): number =>
  (1.4 * 2 ** Math.floor(exactExponent(hashRate)) * SHARES_PER_MINUTE) / 60;
const CONFIGURED = 'nothing: 500 GH/s are assumed';

const MACHINES: readonly Machine[] = [
  {
    name: 'NerdMiner, 5 kH/s',
    begins: 'its suggestion, 0.00015',
    hashRate: 5e3,
    told: suggested(19),
    floor: 19,
  },
  {
    name: 'NerdMiner, 5 kH/s',
    begins: 'a port for such, 50 kH/s assumed',
    hashRate: 5e3,
    told: 5e4,
    floor: 0,
  },
  {
    name: 'NerdMiner, 5 kH/s',
    begins: `${CONFIGURED}, no easiest bits`,
    hashRate: 5e3,
    told: 0.5 * TERA,
    floor: 0,
  },
  { name: 'bitaxe, 500 GH/s', begins: CONFIGURED, hashRate: 0.5 * TERA, told: 0.5 * TERA, floor: 32 },
  {
    name: 'bitaxe, 500 GH/s',
    begins: 'its suggestion, 1000',
    hashRate: 0.5 * TERA,
    told: suggested(41),
    floor: 41,
  },
  { name: 'S19, 100 TH/s', begins: CONFIGURED, hashRate: 100 * TERA, told: 0.5 * TERA, floor: 32 },
  {
    name: 'S19, 100 TH/s',
    begins: 'what it had before',
    hashRate: 100 * TERA,
    told: known(100 * TERA),
    floor: 32,
  },
  { name: '400 TH/s', begins: CONFIGURED, hashRate: 400 * TERA, told: 0.5 * TERA, floor: 32 },
];

/** What happens to a machine at its start, over many runs. */
export function machineFigures({ hashRate, told, floor }: Machine) {
  const range = { floor, ceiling: CEILING };
  // Where a miner asks for harder shares than its rate would have, that is right for it.
  const exact = Math.max(exactExponent(hashRate), floor);
  const runs = Array.from({ length: SEEDS }, (_, seed) => {
    const run = simulate(
      ruleNamed('hashpool', told, range),
      [{ at: 0, hashRate }],
      HOUR,
      seeded(90_000 + seed),
    );
    const inFirstMinute = run.shares.filter((at) => at < 60).length;
    return { found: convergence(run, exact, 0, HOUR), inFirstMinute };
  });
  const times = runs.map(({ found }) => found).sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(part * (SEEDS - 1))] ?? Number.NaN;
  const shares = Math.max(...runs.map(({ inFirstMinute }) => inFirstMinute));
  return { median: at(0.5), ninetieth: at(0.9), inFirstMinute: shares };
}

/** The table of machines, a line each. */
export function machineRows(): string[] {
  return MACHINES.map((machine) => {
    const { median, ninetieth, inFirstMinute } = machineFigures(machine);
    const times = `${Math.round(median)} / ${Math.round(ninetieth)}`;
    return `| ${machine.name} | ${machine.begins} | ${times} | ${inFirstMinute} |`;
  });
}

import { availableParallelism } from 'node:os';
import type { Profile } from '../../roles/miner/profiles/profile.ts';
import { profileOf, profiles } from '../../roles/miner/profiles/profiles.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { readCommandLine, refuseWords, usageError } from './command-line.ts';
import { parseDuration } from './start-options.ts';

/** What `npm run miner` was asked for. */
export interface MinerOptions {
  readonly pool: { readonly host: string; readonly port: number };
  readonly user: string;
  readonly password: string | undefined;
  readonly miners: number;
  readonly profiles: readonly Profile[];
  /** Hashes per second that all machines together pretend to make; undefined for what the threads make. */
  readonly hashrate: number | undefined;
  /** Hashes per second that are made at most. */
  readonly maxHashrate: number | undefined;
  readonly threads: number;
  readonly difficulty: number | undefined;
  readonly forMs: number | undefined;
  readonly everyMs: number;
  readonly json: boolean;
  readonly help: boolean;
}

const MOST_MINERS = 10_000;
const MOST_THREADS = 256;
const SMALLEST_DIFFICULTY = 2 ** -32;
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };

export const minerUsage = `npm run miner -- [options]: simulated ASICs that mine at any Stratum V1 pool

  --pool HOST:PORT     where they mine (default 127.0.0.1:34255, the translator of npm start)
  --user NAME          your key (hpub1...) or a name (default regtest); workers get names behind it
  --password TEXT      in place of the firmware's own
  --miners N           machines, each with a connection of its own (default 1)
  --profile A,B        the firmware that they behave like, dealt in turn (default hashpool):
                       ${profiles.map(({ name }) => name).join(', ')}
  --hashrate 10GH      what all of them together pretend to make (default what the threads make)
  --max-hashrate 1MH   what the threads really make at most
  --threads N          threads that hash (default 1)
  --difficulty D       the difficulty that each machine asks for (default what its firmware would, scaled)
  --for 60s            end after that long (s, m or h)
  --every 10s          how often the figures are printed (default 10s)
  --json               the figures as a JSON object a line
  --help               show this

Every share is a real proof of work at the difficulty that the pool asked for. A CPU makes a million hashes a second and
thread or some more: where that is less than --hashrate, the threads hash for all machines in turn, each gets its part of
what there is, and the difficulties that firmware asks for of itself are scaled down alike. Ends on Ctrl-C, with the
figures of the whole run; exit code 1 where no share was accepted.`;

/**
 * Reads the command line of `npm run miner`.
 * @throws HashpoolError 'usage' saying which option is wrong and what is allowed
 */
export function parseMinerOptions(args: readonly string[]): MinerOptions {
  const { values, positionals } = readCommandLine(args, {
    pool: { type: 'string', default: '127.0.0.1:34255' },
    user: { type: 'string', default: 'regtest' },
    password: { type: 'string' },
    miners: { type: 'string', default: '1' },
    profile: { type: 'string', default: 'hashpool' },
    hashrate: { type: 'string' },
    'max-hashrate': { type: 'string' },
    threads: { type: 'string', default: '1' },
    difficulty: { type: 'string' },
    for: { type: 'string' },
    every: { type: 'string', default: '10s' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  refuseWords(positionals);
  const rate = (option: 'hashrate' | 'max-hashrate') => {
    const text = values[option];
    return text === undefined ? undefined : parseHashrate(`--${option}`, text);
  };
  return {
    pool: parsePool(values.pool),
    user: values.user,
    password: values.password,
    miners: parseCount('--miners', values.miners, MOST_MINERS),
    profiles: parseProfiles(values.profile),
    hashrate: rate('hashrate'),
    maxHashrate: rate('max-hashrate'),
    threads: parseCount('--threads', values.threads, Math.min(MOST_THREADS, 4 * availableParallelism())),
    difficulty: values.difficulty === undefined ? undefined : parseDifficulty(values.difficulty),
    forMs: values.for === undefined ? undefined : parseDuration('--for', values.for),
    everyMs: parseDuration('--every', values.every),
    json: values.json,
    help: values.help,
  };
}

/**
 * Hashes per second of a text such as `500KH`, `1.2TH/s` or `20000`.
 * @throws HashpoolError 'usage' naming `option`
 */
export function parseHashrate(option: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)(?:([KMGTPE]?)H(?:\/s)?)?$/i.exec(text) ?? [];
  const rate = Number(digits) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (!(rate >= 1))
    throw usageError(`${option} ${text}: a hash rate is wanted, such as 500KH, 10GH or 1.2TH`);
  return rate;
}

function parsePool(text: string): { host: string; port: number } {
  const { host, port } = hostAndPort(text.replace(/^stratum\+tcp:\/\//, ''));
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw usageError(`--pool ${text}: HOST:PORT is wanted, such as 127.0.0.1:34255`);
  }
  return { host, port };
}

function parseCount(option: string, text: string, most: number): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > most) throw usageError(`${option} ${text}: a number is wanted, 1 to ${most}`);
  return count;
}

function parseProfiles(text: string): Profile[] {
  return text.split(',').map((name) => {
    const profile = profileOf(name.trim());
    if (profile === undefined) {
      throw usageError(`--profile ${name}: there are ${profiles.map((each) => each.name).join(', ')}`);
    }
    return profile;
  });
}

function parseDifficulty(text: string): number {
  const difficulty = /^\d*\.?\d+(e-?\d{1,2})?$/i.test(text) ? Number(text) : Number.NaN;
  if (!(difficulty >= SMALLEST_DIFFICULTY && difficulty <= Number.MAX_SAFE_INTEGER)) {
    throw usageError(`--difficulty ${text}: a number above 0 is wanted, such as 0.0001 or 1000`);
  }
  return difficulty;
}

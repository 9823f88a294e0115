import { isHashpoolError } from '../../protocols/errors.ts';
import { Random } from './random.ts';

/** One thing under test. It may refuse its input by a HashpoolError; whatever else it throws is a finding. */
export interface Target {
  readonly name: string;
  /** How many inputs it gets, in relation to the others. */
  readonly weight: number;
  /** Codes of the errors by which it may refuse. */
  readonly refusals: RegExp;
  run(random: Random): void;
}

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Ends the run before all inputs are through; asked now and then. */
  readonly isOver?: () => boolean;
}

export interface Tally {
  taken: number;
  refused: number;
}

const INPUTS_PER_LOOK = 1000;

/**
 * Feeds targets with broken input.
 * @returns how many inputs each target took without complaint and how many it refused
 * @throws the first finding, with the seed that gives it again as the first input
 */
export function fuzz(targets: readonly Target[], options: FuzzOptions): Map<string, Tally> {
  const { inputs, seed, isOver = () => false } = options;
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const tallies = new Map(targets.map(({ name }) => [name, { taken: 0, refused: 0 }]));
  for (let input = 0; input < inputs; input++) {
    if (input % INPUTS_PER_LOOK === 0 && isOver()) break;
    const random = new Random(seed + input);
    let share = random.below(total);
    const target = targets.find(({ weight }) => {
      share -= weight;
      return share < 0;
    });
    const tally = tallies.get(target?.name ?? '');
    if (!target || !tally) throw new Error('there are no targets');
    tally[isTaken(target, random, seed + input) ? 'taken' : 'refused']++;
  }
  return tallies;
}

function isTaken(target: Target, random: Random, seed: number): boolean {
  try {
    target.run(random);
    return true;
  } catch (error) {
    if (isHashpoolError(error) && target.refusals.test(error.code)) return false;
    throw new Error(`${target.name}: a finding, again with 1 input and seed ${seed}`, { cause: error });
  }
}

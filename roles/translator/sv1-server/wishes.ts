import {
  hashBitsAtLeast,
  hashBitsOfDifficulty,
  hashBitsOfTarget,
  powerDifficulty,
} from '../../../protocols/sv1/difficulty.ts';
import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { PasswordOptions } from '../../../protocols/sv1/password.ts';
import type { WantedDifficulty } from './wish.ts';

/** What one miner said of its difficulty, by all the ways there are. A fixed one beats the others, a minimum bounds them. */
export class DifficultyWishes {
  #suggested: number | undefined;
  #minimum: number | undefined;
  #fixed: number | undefined;
  #known: number | undefined;

  get wanted(): WantedDifficulty {
    const isFixed = this.#fixed !== undefined;
    const asked = [this.#fixed ?? this.#suggested, this.#minimum].filter((bits) => bits !== undefined);
    return { bits: asked.length === 0 ? undefined : Math.max(...asked), isFixed, known: this.#known };
  }

  /** What its shares had when it was here last. */
  remember(bits: number): void {
    this.#known = bits;
  }

  /** @throws Sv1Error where it is no positive number */
  suggest(difficulty: number): void {
    this.#suggested = bitsOf(difficulty);
  }

  suggestTarget(target: bigint): void {
    this.#suggested = hashBitsOfTarget(target);
  }

  /**
   * BIP310's minimum-difficulty; 0 takes it back.
   * @returns whether it can be kept
   */
  promiseMinimum(difficulty: number): boolean {
    if (difficulty === 0) {
      this.#minimum = undefined;
      return true;
    }
    const bits = hashBitsAtLeast(difficulty);
    if (bits === undefined) return false;
    this.#minimum = bits;
    return true;
  }

  /**
   * What a password asks for; one that asks for nothing changes nothing.
   * @returns what the miner's owner should know of it, in words
   */
  takePassword({ difficulty, fixedDifficulty, bad }: PasswordOptions): string[] {
    if (difficulty !== undefined) this.#suggested = bitsOf(difficulty);
    if (fixedDifficulty !== undefined) this.#fixed = bitsOf(fixedDifficulty);
    const words = bad.map(
      (option) => `Password option "${option}" is no difficulty: write d=1024 or fd=1024`,
    );
    for (const asked of [difficulty, fixedDifficulty]) {
      const given = asked === undefined ? undefined : powerDifficulty(bitsOf(asked));
      if (given !== undefined && Number(given) !== asked) {
        words.push(`Difficulty ${asked} is rounded to ${given}, a power of two`);
      }
    }
    return words;
  }
}

function bitsOf(difficulty: number): number {
  const bits = hashBitsOfDifficulty(difficulty);
  if (bits === undefined) throw new Sv1Error(refusals.badSuggestDifficulty);
  return bits;
}

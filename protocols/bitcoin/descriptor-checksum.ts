import { quoted } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';

/** BIP380: a character's place is its value; the three rows give the high bits. */
const INPUT_CHARSET =
  "0123456789()[],'/*abcdefgh@:$%{}" +
  'IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~' +
  'ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];
const CHECKSUM_LENGTH = 8;

/**
 * The eight characters that follow `#` after this descriptor (BIP380).
 * @throws HashpoolError 'bad-descriptor' for characters that no descriptor has
 */
export function descriptorChecksum(expression: string): string {
  let state = step(1n, expressionSymbols(expression));
  state = step(state, new Array<number>(CHECKSUM_LENGTH).fill(0)) ^ 1n;
  const symbol = (i: number): number => Number((state >> BigInt(5 * (CHECKSUM_LENGTH - 1 - i))) & 31n);
  return Array.from({ length: CHECKSUM_LENGTH }, (_, i) => CHECKSUM_CHARSET.charAt(symbol(i))).join('');
}

/**
 * The descriptor without its checksum, which is checked where there is one.
 * @throws HashpoolError 'bad-descriptor-checksum'
 */
export function withoutChecksum(descriptor: string): string {
  const [expression = '', checksum, ...more] = descriptor.split('#');
  if (checksum === undefined) return expression;
  const expected = descriptorChecksum(expression);
  if (more.length === 0 && checksum === expected) return expression;
  const message = `the descriptor's checksum is ${quoted(checksum)} and should be ${expected}: a character is wrong or missing`;
  throw new HashpoolError('bad-descriptor-checksum', message);
}

/** Five low bits of each character, and after each three characters their high bits in one symbol. */
function expressionSymbols(expression: string): number[] {
  const symbols: number[] = [];
  let high: number[] = [];
  const flush = (): void => {
    symbols.push(high.reduce((group, bits) => group * 3 + bits, 0));
    high = [];
  };
  for (const character of expression) {
    const value = INPUT_CHARSET.indexOf(character);
    if (value < 0) {
      throw new HashpoolError(
        'bad-descriptor',
        `the descriptor holds ${quoted(character)}, which no descriptor can`,
      );
    }
    symbols.push(value & 31);
    high.push(value >> 5);
    if (high.length === 3) flush();
  }
  if (high.length > 0) flush();
  return symbols;
}

function step(start: bigint, symbols: readonly number[]): bigint {
  let state = start;
  for (const symbol of symbols) {
    const top = state >> 35n;
    state = ((state & 0x7ffffffffn) << 5n) ^ BigInt(symbol);
    for (const [bit, generator] of GENERATOR.entries()) if ((top >> BigInt(bit)) & 1n) state ^= generator;
  }
  return state;
}

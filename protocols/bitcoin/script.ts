import { concatBytes, equalBytes } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';

/** The opcodes that this project writes or counts. */
export const Op = {
  zero: 0x00,
  pushData1: 0x4c,
  pushData2: 0x4d,
  pushData4: 0x4e,
  one: 0x51,
  return: 0x6a,
  dup: 0x76,
  equal: 0x87,
  equalVerify: 0x88,
  hash160: 0xa9,
  checkSig: 0xac,
  checkSigVerify: 0xad,
  checkMultisig: 0xae,
  checkMultisigVerify: 0xaf,
} as const;

const LONGEST_DIRECT_PUSH = 75;

/**
 * A push of up to 255 bytes.
 * @throws HashpoolError 'push-too-long'
 */
export function push(data: Uint8Array): Uint8Array {
  return concatBytes(pushOpcode(data.length), data);
}

/**
 * What stands before the data of a push of `length` bytes.
 * @throws HashpoolError 'push-too-long' above 255
 */
export function pushOpcode(length: number): Uint8Array {
  if (length <= LONGEST_DIRECT_PUSH) return Uint8Array.of(length);
  if (length <= 255) return Uint8Array.of(Op.pushData1, length);
  throw new HashpoolError('push-too-long', `a push of ${length} bytes is longer than the 255 supported`);
}

/** Bytes of a height that header times of 32 bits can last for. */
const LONGEST_HEIGHT = 5;

/**
 * What BIP34 has a coinbase script begin with: the height as the script number that consensus compares with, one
 * opcode up to 16. A coinbase script has two bytes at least, so that OP_0 follows there (as bitcoind's miner does).
 */
export function heightPush(height: number): Uint8Array {
  if (height === 0) return Uint8Array.of(Op.zero, Op.zero);
  if (height <= 16) return Uint8Array.of(Op.one + height - 1, Op.zero);
  const number: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) number.push(rest % 256);
  // The last byte's top bit is the sign.
  if ((number.at(-1) ?? 0) >= 0x80) number.push(0);
  return push(Uint8Array.from(number));
}

/** The height that a coinbase script begins with, see {@link heightPush}; undefined where it begins otherwise. */
export function heightOf(script: Uint8Array): number | undefined {
  const first = script[0] ?? 0;
  if (first > Op.one - 1 && first <= Op.one + 15) return first - Op.one + 1;
  const digits = script.subarray(1, 1 + first);
  if (first < 1 || first > LONGEST_HEIGHT || digits.length < first) return undefined;
  const height = digits.reduceRight((value, byte) => value * 256 + byte, 0);
  return equalBytes(heightPush(height), script.subarray(0, 1 + first)) ? height : undefined;
}

/** Pay to public key hash: OP_DUP OP_HASH160 <20 bytes> OP_EQUALVERIFY OP_CHECKSIG. */
export function p2pkhScript(keyHash: Uint8Array): Uint8Array {
  return concatBytes(
    Uint8Array.of(Op.dup, Op.hash160),
    push(keyHash),
    Uint8Array.of(Op.equalVerify, Op.checkSig),
  );
}

/** Pay to script hash: OP_HASH160 <20 bytes> OP_EQUAL. */
export function p2shScript(scriptHash: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(Op.hash160), push(scriptHash), Uint8Array.of(Op.equal));
}

/** A segwit output: version opcode and the program (BIP141). */
export function segwitScript(version: number, program: Uint8Array): Uint8Array {
  const opcode = version === 0 ? Op.zero : Op.one + version - 1;
  return concatBytes(Uint8Array.of(opcode), push(program));
}

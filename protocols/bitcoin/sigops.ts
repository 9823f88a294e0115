import { Op } from './script.ts';

/** What BIP141 counts an operation outside of a witness as. */
const WITNESS_SCALE = 4;
/** Keys of a multisig that doesn't say how many it has, as consensus counts it in an output. */
const MOST_MULTISIG_KEYS = 20;
const PUSH_LENGTH_BYTES: ReadonlyMap<number, number> = new Map([
  [Op.pushData1, 1],
  [Op.pushData2, 2],
  [Op.pushData4, 4],
]);

/**
 * What an output script adds to a block's signature operations, of which a block may cost 80,000 (BIP141): 4 for pay to
 * public key and its hash, none for pay to script hash and witness programs, whose spenders pay.
 */
export function sigopCost(script: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < script.length; ) {
    const opcode = script[at++] ?? 0;
    const lengthBytes = PUSH_LENGTH_BYTES.get(opcode) ?? 0;
    if (at + lengthBytes > script.length) break;
    // What is pushed is data, whatever it looks like; where it is cut short, nothing comes after it.
    at += opcode < Op.pushData1 ? opcode : lengthBytes + littleEndian(script.subarray(at, at + lengthBytes));
    if (at > script.length) break;
    if (opcode === Op.checkSig || opcode === Op.checkSigVerify) count += 1;
    if (opcode === Op.checkMultisig || opcode === Op.checkMultisigVerify) count += MOST_MULTISIG_KEYS;
  }
  return count * WITNESS_SCALE;
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

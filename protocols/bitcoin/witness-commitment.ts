import { concatBytes } from '../bytes.ts';
import { sha256d } from './hash.ts';
import { merkleRoot } from './merkle.ts';
import { Op, push } from './script.ts';

const COMMITMENT_HEADER = Uint8Array.of(0xaa, 0x21, 0xa9, 0xed);
const ZERO_HASH = new Uint8Array(32);

/**
 * The output script that commits to a block's witnesses (BIP141), with a reserved value of 32 zero bytes.
 * @param wtxidsLe ids with witness of all transactions but the coinbase, in block order and header byte order
 */
export function witnessCommitmentScript(wtxidsLe: readonly Uint8Array[]): Uint8Array {
  // The coinbase cannot commit to itself: it counts as zero.
  const root = merkleRoot([ZERO_HASH, ...wtxidsLe]);
  const commitment = sha256d(concatBytes(root, ZERO_HASH));
  return concatBytes(Uint8Array.of(Op.return), push(concatBytes(COMMITMENT_HEADER, commitment)));
}

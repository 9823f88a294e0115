import { Op, push } from '../bitcoin/script.ts';
import { concatBytes, utf8 } from '../bytes.ts';

const MARK = utf8('EH');

/**
 * The output script by which a coinbase names the keyset of the epoch that its shares are paid in: OP_RETURN "EH" ‖ id.
 * @param keysetId 33 bytes (NUT-02, version 2)
 */
export function keysetMark(keysetId: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(Op.return), push(concatBytes(MARK, keysetId)));
}

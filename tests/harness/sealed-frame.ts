import type { CipherState } from '../../protocols/sv2/noise/cipher-state.ts';
import { sealedLength, sealFrame } from '../../protocols/sv2/noise/transport.ts';

/** A plain frame as it goes over the wire. */
export function sealedFrame(cipher: CipherState, frame: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(sealedLength(frame.length));
  sealFrame(cipher, frame, sealed, 0);
  return sealed;
}

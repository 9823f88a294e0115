import type { NoiseSuite } from '../../protocols/sv2/noise/symmetric-state.ts';
import { threadCipher } from '../cipher.ts';
import { loadCrypto } from '../crypto.ts';

/** All that a handshake computes with, in this thread. */
export async function loadNoiseSuite(): Promise<NoiseSuite> {
  return { ...(await loadCrypto()), cipher: await threadCipher() };
}

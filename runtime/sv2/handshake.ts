import type { Socket } from 'node:net';
import { ACT1_BYTES, ACT2_BYTES, type HandshakeResult } from '../../protocols/sv2/noise/handshake.ts';
import type { CertificateTerms } from './handshake-worker.ts';
import type { HandshakeWorkers } from './handshake-workers.ts';
import { readExactly } from './socket.ts';

/**
 * The server's side of the Noise handshake on a socket.
 * @param now unix seconds, for the certificate
 * @throws HashpoolError `sv2-closed`, or what the socket was destroyed with
 */
export async function respondOn(
  socket: Socket,
  workers: HandshakeWorkers,
  terms: CertificateTerms,
  now: number,
): Promise<HandshakeResult> {
  const act1 = await readExactly(socket, ACT1_BYTES, 'act 1 of the Noise handshake');
  const { act2, result } = await workers.call('respond', { act1, terms, now });
  socket.write(act2);
  return result;
}

/**
 * The client's side of the Noise handshake on a socket.
 * @param authority the server's authority key, 32 bytes x-only; undefined: the server is not authenticated
 * @param now unix seconds, against which the certificate is checked
 * @throws HashpoolError `sv2-closed`, `sv2-handshake-failed`, `sv2-wrong-authority`, `sv2-certificate-...`
 */
export async function initiateOn(
  socket: Socket,
  workers: HandshakeWorkers,
  authority: Uint8Array | undefined,
  now: number,
): Promise<HandshakeResult> {
  const ephemeral = await workers.call('ephemeral', undefined);
  socket.write(ephemeral.encoded);
  const act2 = await readExactly(socket, ACT2_BYTES, 'act 2 of the Noise handshake');
  return workers.call('finish', { ephemeral, act2, authority, now });
}

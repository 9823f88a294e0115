import { openWorkers, type Workers } from '../workers/pool.ts';
import type { start } from './handshake-worker.ts';

/** Threads that compute handshakes; any number of listeners and clients of a process share them. */
export type HandshakeWorkers = Workers<Awaited<ReturnType<typeof start>>>;

/**
 * Starts the threads.
 * @param options.size one thread does some thousands of handshakes a second
 */
export function openHandshakeWorkers({ size = 1 } = {}): Promise<HandshakeWorkers> {
  return openWorkers({ module: new URL('./handshake-worker.ts', import.meta.url), size, name: 'handshakes' });
}

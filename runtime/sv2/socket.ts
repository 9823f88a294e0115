import type { Socket } from 'node:net';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';

/**
 * Reads that many bytes; what came after them stays in the socket.
 * @param what is awaited, for the error's text
 * @throws HashpoolError `sv2-closed` when the connection ends before, or the error it was destroyed with
 */
export function readExactly(socket: Socket, count: number, what: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off('readable', attempt).off('end', ended).off('close', ended).off('error', failed);
      act();
    };
    const attempt = () => {
      const bytes: Buffer | null = socket.read(count);
      // At the end of a stream read() gives what is left, however little.
      if (bytes?.length === count) settle(() => resolve(bytes));
    };
    const ended = () => settle(() => reject(closedBefore(what)));
    const failed = (error: Error) => settle(() => reject(asLinkError(error)));
    socket.on('readable', attempt).on('end', ended).on('close', ended).on('error', failed);
    if (socket.destroyed) ended();
    else attempt();
  });
}

/** A connection's trouble as one of our errors. */
export function asLinkError(error: unknown): HashpoolError {
  if (error instanceof HashpoolError) return error;
  return new HashpoolError('sv2-closed', `the connection broke: ${messageOf(error)}`, { cause: error });
}

export function closedBefore(what: string): HashpoolError {
  return new HashpoolError('sv2-closed', `the peer closed the connection before ${what}`);
}

/**
 * Destroys the socket with an error unless cancelled in time.
 * @returns cancels
 */
export function deadline(socket: Socket, ms: number, awaited: string): () => void {
  const timer = setTimeout(() => {
    socket.destroy(new HashpoolError('sv2-timeout', `no ${awaited} within ${ms / 1000} s`));
  }, ms);
  return () => clearTimeout(timer);
}

/** Address and port of the other end, as logged. */
export function remoteOf(socket: Socket): string {
  const host = socket.remoteAddress ?? 'unknown';
  return host.includes(':') ? `[${host}]:${socket.remotePort}` : `${host}:${socket.remotePort}`;
}

import type { Socket } from 'node:net';
import { HashpoolError } from '../../../protocols/errors.ts';
import { type ProxiedClient, parseProxyHeader } from '../../../protocols/proxy-header.ts';

/** A proxy sends its header at once. */
export const PROXY_HEADER_MS = 5_000;

/**
 * Takes the PROXY protocol header off a connection's beginning; what came behind it is left to be read.
 * @returns who connected to the proxy; undefined where the proxy speaks for itself
 * @throws HashpoolError 'bad-proxy-header' where it is malformed, or not whole in time
 */
export function readProxyHeader(socket: Socket): Promise<ProxiedClient | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<ProxiedClient | undefined>();
  let begun = Buffer.alloc(0);
  const late = setTimeout(
    () => reject(new HashpoolError('bad-proxy-header', 'no PROXY protocol header came')),
    PROXY_HEADER_MS,
  );
  const gone = () =>
    reject(new HashpoolError('bad-proxy-header', 'it hung up before its PROXY protocol header'));
  const take = (chunk: Buffer): void => {
    begun = Buffer.concat([begun, chunk]);
    try {
      const header = parseProxyHeader(begun);
      if (header === undefined) return;
      socket.pause();
      if (header.length < begun.length) socket.unshift(begun.subarray(header.length));
      resolve(header.client);
    } catch (error) {
      reject(error);
    }
  };
  socket.on('data', take);
  socket.once('close', gone);
  return promise.finally(() => {
    clearTimeout(late);
    socket.off('data', take);
    socket.off('close', gone);
  });
}

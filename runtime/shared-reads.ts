import { Socket } from 'node:net';

/** As much as libuv reads at once. */
const READ_BYTES = 64 * 1024;
/** What every socket of this process reads into. */
const read = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * A connection that a server accepted, as a socket that reads into memory shared with all others of its kind, past the
 * queue of Node's streams: those take 64 KiB from the heap for each read, and a twelfth of the time that a miner's
 * share takes. Node offers this as `onread`, to sockets that connect and not to those that are accepted; so a new socket
 * is made of the accepted one's handle. Where Node keeps that elsewhere, the socket stays the one that it is.
 * @param accepted of which nothing was read and nobody listens to; not to be used any more
 * @returns the socket to use. The bytes of a 'data' event hold until its listener returns; it can't be paused
 */
export function withSharedReads(accepted: Socket): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (!isHandle(handle)) return accepted;
  handle.readStop();
  handle.reading = false;
  const callback = (bytes: number): true => {
    socket.emit('data', read.subarray(0, bytes));
    return true;
  };
  const onread = { buffer: read, callback };
  const socket: Socket = Reflect.construct(Socket, [{ handle, onread, readable: true, writable: true }]);
  // By this the server knows when the last connection is gone.
  Reflect.set(socket, '_server', Reflect.get(accepted, '_server'));
  Reflect.set(accepted, '_server', null);
  Reflect.set(accepted, '_handle', null);
  return socket;
}

/** What Node's sockets read by. */
interface Handle {
  reading: boolean;
  readStop(): number;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'readStop' in value && 'useUserBuffer' in value;
}

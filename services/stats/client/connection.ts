import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { concatBytes } from '../../../protocols/bytes.ts';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { StatsFrames } from '../../../protocols/stats/frames.ts';
import { type OpenStats, type StatsMessage, statsProtocol } from '../../../protocols/stats/messages.ts';

const OPEN_MS = 5_000;
/** Frames go out together as soon as there are so many bytes of them. */
const CHUNK_BYTES = 64 * 1024;

/** A connection that the service has accepted. */
export interface StatsConnection {
  /** Number of the last event of this process that the service had when it accepted. */
  readonly taken: number;
  /** Bytes that wait. */
  readonly queued: number;
  /** Told the number of the last event that is on the service's disk. */
  onTaken: (taken: number) => void;
  /** Told when what waited has gone. */
  onRoom: () => void;
  /** Adds to what goes out next. */
  send(message: StatsMessage): void;
  flush(): void;
  close(reason?: string): void;
  readonly closed: Promise<{ readonly reason: string }>;
}

/** @throws HashpoolError 'stats-unreachable', 'stats-refused' */
export async function openStatsConnection(
  server: { readonly host: string; readonly port: number },
  open: OpenStats,
  signal: AbortSignal,
): Promise<StatsConnection> {
  const socket = connect({ ...server, noDelay: true });
  const abort = () => socket.destroy(new Error('connecting was called off'));
  const late = setTimeout(() => socket.destroy(new Error('no answer in time')), OPEN_MS);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await once(socket, 'connect');
    socket.write(statsProtocol.encode(open));
    const frames = new StatsFrames();
    return connection(socket, frames, await accepted(socket, frames));
  } catch (cause) {
    socket.destroy();
    const message = `${server.host}:${server.port}: ${messageOf(cause)}`;
    throw new HashpoolError('stats-unreachable', message, { cause });
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', abort);
  }
}

/** Waits for the answer to OpenStats. */
async function accepted(socket: Socket, frames: StatsFrames): Promise<number> {
  for (;;) {
    const [chunk] = (await Promise.race([
      once(socket, 'data'),
      once(socket, 'close').then(() => {
        throw new HashpoolError('stats-refused', 'hung up before its answer');
      }),
    ])) as [Uint8Array];
    for (const message of frames.read(new Uint8Array(chunk))) {
      if (message.name === 'OpenStats.Success') return Number(message.taken);
      if (message.name === 'OpenStats.Error') {
        throw new HashpoolError('stats-refused', `refused: ${message.error_code}`);
      }
    }
  }
}

function connection(socket: Socket, frames: StatsFrames, taken: number): StatsConnection {
  let reason = 'the service hung up';
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const flush = () => {
    if (bytes > 0 && !socket.destroyed) socket.write(concatBytes(...waiting));
    waiting = [];
    bytes = 0;
  };
  const self: StatsConnection = {
    taken,
    get queued() {
      return socket.writableLength + bytes;
    },
    onTaken: () => undefined,
    onRoom: () => undefined,
    send(message) {
      const frame = statsProtocol.encode(message);
      waiting.push(frame);
      bytes += frame.length;
      if (bytes >= CHUNK_BYTES) flush();
    },
    flush,
    close(why) {
      reason = why ?? reason;
      flush();
      socket.end();
      socket.destroySoon();
    },
    closed: new Promise((resolve) => socket.once('close', () => resolve({ reason }))),
  };
  socket.on('error', (error) => {
    reason = messageOf(error);
  });
  socket.on('drain', () => self.onRoom());
  socket.on('data', (chunk) => {
    try {
      for (const message of frames.read(new Uint8Array(chunk))) {
        if (message.name === 'EventsTaken') self.onTaken(Number(message.taken));
      }
    } catch (error) {
      reason = messageOf(error);
      socket.destroy();
    }
  });
  return self;
}

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { utf8 } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { threadCipher } from '../../runtime/cipher.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { initiateOn } from '../../runtime/sv2/handshake.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { wallClock } from '../../runtime/sv2/limits.ts';
import { NoiseLink } from '../../runtime/sv2/link.ts';
import { setupFrame } from '../unit/sv2/setup-message.ts';

/**
 * A process with many sockets that only counts what comes. Its parent sends, and gets an answer to each:
 * `{ connect, port, miner }`: opens so many sockets, each with a Noise connection and a channel where `miner` is set;
 * `{ expect }`: counts from 0; a second answer has the `process.hrtime` at which the last socket had so many bytes;
 * `{ channels }`: opens so many more channels on the first connection.
 */

type Request = { connect: number; port: number; miner: boolean } | { expect: number } | { channels: number };

const AT_ONCE = 100;
const CHANNELS_AT_ONCE = 200;

const { curve } = await loadCrypto();
const cipher = await threadCipher();
const workers = await openHandshakeWorkers();
const user_identity = encodeHpub(curve.publicKey(utf8('the key that all of these shares')));
const open = miningProtocol.encode({
  name: 'OpenExtendedMiningChannel',
  request_id: 1,
  user_identity,
  nominal_hash_rate: 1,
  max_target: new Uint8Array(32).fill(0xff),
  min_extranonce_size: 8,
});

/** Bytes that each socket got since they were last asked for. */
const received: number[] = [];
let expected = Number.POSITIVE_INFINITY;
let missing = 0;
let first: NoiseLink | undefined;

function count(socket: Socket): void {
  const index = received.push(0) - 1;
  socket.on('data', (bytes) => {
    const before = received[index] ?? 0;
    const after = before + bytes.length;
    received[index] = after;
    if (before < expected && after >= expected && --missing === 0) {
      process.send?.({ last: String(process.hrtime.bigint()) });
    }
  });
  socket.on('close', () => process.send?.({ lost: index }));
}

/** A connection whose channel has its first work; from then on nothing is decrypted. */
async function openMiner(socket: Socket): Promise<void> {
  const handshake = await initiateOn(socket, workers, undefined, wallClock());
  const common = { frameCap: 1 << 16, queuedBytes: 1 << 20, cipher };
  const link = new NoiseLink({ ...common, socket, role: 'initiator', handshake });
  await frame(link, 'SetNewPrevHash', () => {
    link.send(setupFrame());
    link.send(open);
  });
  if (first === undefined) first = link;
  else socket.removeAllListeners('data');
}

/** Waits for so many messages of a name. */
function frame(link: NoiseLink, name: string, begin: () => void, times = 1): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = times;
    link.handler = {
      frame({ header, payload }) {
        const { message } = miningProtocol.decodePayload(header, payload);
        if (message.name === 'OpenMiningChannel.Error') reject(new Error(message.error_code));
        if (message.name === name && --left === 0) resolve();
      },
    };
    begin();
  });
}

async function connectAll(number: number, port: number, isMiner: boolean): Promise<void> {
  let left = number;
  const connector = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      await once(socket, 'connect');
      if (isMiner) await openMiner(socket);
      count(socket);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connector));
}

async function openChannels(number: number): Promise<void> {
  const link = first;
  if (!link) throw new Error('there is no connection');
  for (let left = number; left > 0; left -= CHANNELS_AT_ONCE) {
    const some = Math.min(left, CHANNELS_AT_ONCE);
    const begin = () => {
      for (let i = 0; i < some; i++) link.send(open);
    };
    await frame(link, 'SetNewPrevHash', begin, some);
  }
}

async function answer(request: Request): Promise<void> {
  if ('connect' in request) await connectAll(request.connect, request.port, request.miner);
  else if ('channels' in request) await openChannels(request.channels);
  else {
    expected = request.expect;
    missing = received.length;
    received.fill(0);
  }
  process.send?.({ done: true });
}

process.on('message', (request: Request) => void answer(request));
process.on('disconnect', () => process.exit());
process.send?.({ done: true });

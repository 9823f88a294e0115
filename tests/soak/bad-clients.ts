import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { threadCipher } from '../../runtime/cipher.ts';
import { initiateOn } from '../../runtime/sv2/handshake.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { wallClock } from '../../runtime/sv2/limits.ts';
import { NoiseLink } from '../../runtime/sv2/link.ts';
import { hungUp } from '../harness/hung-up.ts';
import type { PoolProcess } from '../harness/pool.ts';
import { setupFrame } from '../unit/sv2/setup-message.ts';

const PAUSE_MS = 1_000;
/** The pool gives up half-open connections after 10 s, and slow readers once the kernel takes no more for them. */
const PATIENCE_MS = 60_000;
const BURST = 500;
const FLOOD = 2_000;
const HOARD = 200;

/** A visit of a client that breaks the rules. It throws where the pool bore with what it must not bear with. */
export type Misbehaviour = (pool: PoolProcess, workers: HandshakeWorkers) => Promise<void>;

async function open(pool: PoolProcess): Promise<Socket> {
  const socket = connect({ host: pool.host, port: pool.port, noDelay: true });
  socket.on('error', () => socket.destroy());
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

/** Waits until the pool has hung up. */
async function mustHangUp(socket: Socket, what: string): Promise<void> {
  const closed = hungUp(socket).then(() => true);
  const isClosed = await Promise.race([closed, delay(PATIENCE_MS, false, { ref: false })]);
  socket.destroy();
  if (!isClosed) throw new Error(`the pool kept a connection with ${what} open`);
}

async function shakeHands(pool: PoolProcess, workers: HandshakeWorkers) {
  const cipher = await threadCipher();
  const socket = await open(pool);
  const handshake = await initiateOn(socket, workers, pool.authorityKey, wallClock());
  const common = { frameCap: 1 << 16, queuedBytes: 1 << 30, cipher };
  return { socket, link: new NoiseLink({ ...common, socket, role: 'initiator', handshake }) };
}

const garbage: Misbehaviour = async (pool) => {
  const socket = await open(pool);
  socket.write(randomBytes(1 + Math.floor(Math.random() * 5000)));
  await mustHangUp(socket, 'garbage');
};

const halfOpen: Misbehaviour = async (pool) => {
  const socket = await open(pool);
  if (Math.random() < 0.5) socket.write(randomBytes(63));
  await mustHangUp(socket, 'half a handshake');
};

const silent: Misbehaviour = async (pool, workers) => {
  const { socket, link } = await shakeHands(pool, workers);
  link.handler = { frame: () => undefined };
  await mustHangUp(socket, 'no SetupConnection');
};

const refused: Misbehaviour = async (pool, workers) => {
  const { socket, link } = await shakeHands(pool, workers);
  link.handler = { frame: () => undefined };
  link.send(setupFrame({ protocol: 2 }));
  for (let i = 0; i < 100; i++) link.send(setupFrame());
  await mustHangUp(socket, 'a refused SetupConnection');
};

const brokenFrame: Misbehaviour = async (pool, workers) => {
  const { socket, link } = await shakeHands(pool, workers);
  link.handler = { frame: () => undefined };
  link.send(setupFrame());
  await delay(Math.random() * PAUSE_MS);
  socket.write(randomBytes(1000));
  await mustHangUp(socket, 'a broken frame');
};

const unknownChannel = { channel_id: 0xffff, nominal_hash_rate: 1, maximum_target: new Uint8Array(32) };

const slowReader: Misbehaviour = async (pool) => {
  const miner = await pool.connect();
  await miner.open();
  miner.connection.onMessage = undefined;
  const until = performance.now() + PATIENCE_MS;
  while (miner.connection.isOpen && performance.now() < until) {
    for (let i = 0; i < BURST; i++) miner.send({ name: 'UpdateChannel', ...unknownChannel });
    await delay(100);
  }
  const isOpen = miner.connection.isOpen;
  miner.connection.close();
  if (isOpen) throw new Error('the pool kept a slow reader');
};

const flood: Misbehaviour = async (pool) => {
  const miner = await pool.connect();
  await miner.open();
  for (let i = 0; i < FLOOD; i++) miner.send({ name: 'UpdateChannel', ...unknownChannel });
  await delay(PAUSE_MS);
  miner.connection.close();
};

const greedy = {
  request_id: 0,
  user_identity: 'greedy',
  nominal_hash_rate: 0,
  max_target: new Uint8Array(32).fill(255),
  min_extranonce_size: 4,
};

const hoarder: Misbehaviour = async (pool) => {
  const miner = await pool.connect();
  for (let i = 0; i < HOARD; i++) miner.send({ name: 'OpenExtendedMiningChannel', ...greedy });
  await miner.ask();
  await delay(Math.random() * PAUSE_MS);
  miner.connection.close();
};

const badShares: Misbehaviour = async (pool) => {
  const miner = await pool.connect();
  const channel = await miner.open();
  const good = channel.mine();
  const bad = [
    { ...good, job_id: 0xfffffff0 },
    { ...good, ntime: good.ntime + 100_000 },
    { ...good, ntime: good.ntime - 100_000 },
    { ...good, extranonce: new Uint8Array(channel.extranonceSize + 1) },
    { ...good, version: good.version ^ 1 },
  ];
  for (const share of bad) {
    const answer = await channel.submit(share);
    if (answer === 'accepted') throw new Error(`the pool accepted ${JSON.stringify(share)}`);
  }
  miner.connection.close();
};

/** Each by its name. */
export const misbehaviours: Readonly<Record<string, Misbehaviour>> = {
  garbage,
  halfOpen,
  silent,
  refused,
  brokenFrame,
  slowReader,
  flood,
  hoarder,
  badShares,
};

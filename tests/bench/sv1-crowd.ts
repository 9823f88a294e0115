import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { utf8 } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { machineMs, serveParent } from './helper-process.ts';

/**
 * A process of many SV1 miners, a connection each, or of plain sockets. They mine nothing: where every hash is a share,
 * a new nonce is one.
 */

const AT_ONCE = 100;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
/** `{"id":` stands before the number in every answer. */
const ID_AT = 6;
const ZERO = 0x30;
/** Shares of one load that are timed. */
const MAX_TIMED = 1 << 20;
const SLICE_MS = 1;

interface Miner {
  readonly socket: Socket;
  /** Of the job that it has, as the text that stands around the nonce in its shares. */
  params: string;
  user: string;
}

const { curve } = await loadCrypto();
const user = encodeHpub(curve.publicKey(utf8('the key that all of these shares')));
const miners: Miner[] = [];
const sent = new Float64Array(MAX_TIMED);
const answered = new Float64Array(MAX_TIMED);
let next = 0;
let lines = 0;
let refused = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached: ((ms: number) => void) | undefined;

/** One miner more, with its first job. */
async function openMiner(socket: Socket): Promise<void> {
  const miner = { socket, params: '', user };
  const handshake = [
    '{"id":1,"method":"mining.subscribe","params":["bench/1"]}',
    '{"id":2,"method":"mining.extranonce.subscribe","params":[]}',
    `{"id":3,"method":"mining.authorize","params":["${user}","x"]}`,
  ];
  let text = '';
  socket.write(`${handshake.join('\n')}\n`);
  while (miner.params === '') {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    for (const line of whole.split('\n')) if (line !== '') follow(miner, line);
    text = text.slice(whole.length);
  }
  socket.on('data', (chunk) => take(miner, chunk));
  miners.push(miner);
}

function follow(miner: Miner, line: string): void {
  const message = JSON.parse(line) as { method?: string; params: unknown[]; error?: unknown };
  if (message.error) throw new Error(`refused: ${line}`);
  if (message.method !== 'mining.notify') return;
  const [jobId, , , , , , , ntime] = message.params;
  miner.params = `["${miner.user}","${jobId}","00000000","${ntime}","`;
}

/** Counts lines; an answer to a share is timed, a job is followed. */
function take(miner: Miner, chunk: Buffer): void {
  const now = machineMs();
  let start = 0;
  for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
    const id = numberAt(chunk, start + ID_AT);
    if (id !== undefined) {
      if (id < MAX_TIMED) answered[id] = now;
      if (chunk[start + ID_AT + String(id).length + ',"result":'.length] !== 0x74) refused++;
    } else if (chunk.includes('"mining.notify"', start, 'latin1')) {
      const jobId = /"mining\.notify","params":\["([^"]*)"/.exec(chunk.toString('latin1', start, end))?.[1];
      if (jobId !== undefined) miner.params = miner.params.replace(/,"[^"]*"/, `,"${jobId}"`);
    }
    start = end + 1;
    if (++lines === wanted) reached?.(now);
  }
}

function numberAt(chunk: Buffer, start: number): number | undefined {
  let number = 0;
  let at = start;
  for (let digit = chunk[at] ?? 0; digit >= ZERO && digit < ZERO + 10; digit = chunk[++at] ?? 0)
    number = 10 * number + digit - ZERO;
  return at > start && chunk[at] === COMMA ? number : undefined;
}

async function connectAll(number: number, port: number, isMiner: boolean): Promise<void> {
  let left = number;
  const connector = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      await once(socket, 'connect');
      socket.on('close', () => process.exit(1));
      if (isMiner) {
        await openMiner(socket);
        continue;
      }
      const miner = { socket, params: '["user","1","00000000","00000000","', user };
      miners.push(miner);
      socket.on('data', (chunk) => take(miner, chunk));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, number) }, connector));
}

function submit(): void {
  const id = next++;
  const miner = miners[id % miners.length];
  if (!miner) throw new Error('no miners');
  const nonce = id.toString(16).padStart(8, '0');
  sent[id % MAX_TIMED] = machineMs();
  miner.socket.write(`{"id":${id},"method":"mining.submit","params":${miner.params}${nonce}"]}\n`);
}

function untilReached(): Promise<number> {
  return new Promise((resolve) => {
    reached = resolve;
  });
}

let coming: Promise<number> | undefined;
serveParent({
  connect: ({ number, port, miner }: { number: number; port: number; miner: boolean }) =>
    connectAll(number, port, miner),
  /** So many more lines are to come, of all sockets together. */
  expect(request: { lines: number }) {
    wanted = lines + request.lines;
    coming = untilReached();
  },
  /** When the last of them came. */
  arrived: () => coming,
  /** So many shares at once, by the miners in turn. */
  burst({ shares }: { shares: number }) {
    for (let n = 0; n < shares; n++) submit();
  },
  /** Shares at a steady rate; `arrived` then waits for their answers. @returns the first one's number, and how many */
  async keepUp({ rate, seconds }: { rate: number; seconds: number }) {
    const first = next;
    const before = lines;
    const begin = machineMs();
    for (let now = begin; now - begin < seconds * 1000; now = machineMs()) {
      const due = Math.floor(((now - begin) * rate) / 1000);
      while (next - first < due) submit();
      await delay(SLICE_MS);
    }
    const shares = next - first;
    wanted = before + shares;
    coming = lines >= wanted ? Promise.resolve(machineMs()) : untilReached();
    return { first, shares };
  },
  sent: ({ first, shares }: { first: number; shares: number }) => sent.slice(first, first + shares),
  answered: ({ first, shares }: { first: number; shares: number }) => answered.slice(first, first + shares),
  refused: () => refused,
});

import { EHASH_EXTENSION, WORKER_NAME_EXTENSION } from '../../protocols/ehash/extension.ts';
import { PROTOCOL_VERSION } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { tuneHeap } from '../../runtime/heap.ts';
import { createLog } from '../../runtime/logs.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { serveExtensions } from '../../runtime/sv2/extensions.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { listenSv2 } from '../../runtime/sv2/listen.ts';
import { MIN_ACK_DELAY_MS } from '../../services/mining-server/acks.ts';
import { benchJob } from './bench-job.ts';
import { machineMs, serveParent } from './helper-process.ts';
import { openPool } from './pool-under-test.ts';

/**
 * A process with the pool that the translator mines for: the real one, or a stand-in that counts frames and answers
 * shares when it is told to:
 *
 *     pool-helper.ts real|frames
 */

const FULL_EXTRANONCE = 20;
const GROUP = 1;
/** Shares that are waited for and not sent again. */
const MAX_TIMED = 1 << 20;

/** The stand-in: every hash is a share, one group of channels, one job at a time. */
class FramePool {
  #connection: Sv2Connection<MiningMessage> | undefined;
  #channels = 0;
  #tips = 1;
  /** Of each channel with shares that wait: the last sequence number, and how many. */
  readonly #unanswered = new Map<number, { last: number; count: number }>();
  #missing = 0;
  #all: ((ms: number) => void) | undefined;
  /** When each share came, by its nonce. */
  readonly #arrived = new Float64Array(MAX_TIMED);

  serve(connection: Sv2Connection<MiningMessage>): void {
    this.#connection = connection;
    connection.queuedCap = 1 << 28;
    connection.onMessage = (message) => this.#take(message);
  }

  /** Resolves when so many more shares have come, with the time at which the last of them did. */
  expect(shares: number): Promise<number> {
    this.#missing = shares;
    return new Promise((resolve) => {
      this.#all = resolve;
    });
  }

  answerAll(): void {
    for (const [channel_id, { last, count }] of this.#unanswered) {
      const sums = { new_submits_accepted_count: count, new_shares_sum: BigInt(count) };
      this.#send({ name: 'SubmitShares.Success', channel_id, last_sequence_number: last, ...sums });
    }
    this.#unanswered.clear();
  }

  /** @returns when the first of its messages left */
  newTip(): number {
    this.#tips++;
    const at = machineMs();
    this.#sendTip(GROUP);
    return at;
  }

  arrivals(shares: number): Float64Array {
    return this.#arrived.slice(0, shares);
  }

  #take(message: MiningMessage): void {
    switch (message.name) {
      case 'SubmitSharesExtended':
        this.#count(message.channel_id, message.sequence_number, message.nonce);
        break;
      case 'OpenExtendedMiningChannel':
        this.#open(message.request_id, message.min_extranonce_size);
        break;
      case 'RequestExtensions':
        if (this.#connection !== undefined)
          serveExtensions(this.#connection, message, [WORKER_NAME_EXTENSION, EHASH_EXTENSION]);
        break;
      default:
    }
  }

  #count(channelId: number, last: number, nonce: number): void {
    if (nonce < MAX_TIMED) this.#arrived[nonce] = machineMs();
    const count = (this.#unanswered.get(channelId)?.count ?? 0) + 1;
    this.#unanswered.set(channelId, { last, count });
    if (--this.#missing === 0) this.#all?.(machineMs());
  }

  #open(request_id: number, extranonce_size: number): void {
    const channel_id = GROUP + ++this.#channels;
    const prefix = Buffer.alloc(FULL_EXTRANONCE - extranonce_size);
    prefix.writeUInt32BE(this.#channels);
    this.#send({
      name: 'OpenExtendedMiningChannel.Success',
      request_id,
      channel_id,
      target: new Uint8Array(32).fill(0xff),
      extranonce_size,
      extranonce_prefix: prefix,
      group_channel_id: GROUP,
    });
    this.#sendTip(channel_id);
  }

  #sendTip(channel_id: number): void {
    const job_id = this.#tips;
    const { version, nbits, merklePath, coinbasePrefix, coinbaseSuffix } = benchJob;
    this.#send({
      name: 'NewExtendedMiningJob',
      channel_id,
      job_id,
      min_ntime: null,
      version,
      version_rolling_allowed: true,
      merkle_path: merklePath,
      coinbase_tx_prefix: coinbasePrefix,
      coinbase_tx_suffix: coinbaseSuffix,
    });
    const prev_hash = new Uint8Array(32).fill(job_id);
    const min_ntime = Math.floor(Date.now() / 1000);
    this.#send({ name: 'SetNewPrevHash', channel_id, job_id, prev_hash, min_ntime, nbits });
  }

  #send(message: MiningMessage): void {
    this.#connection?.send(message);
  }
}

async function openFramePool() {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const secretKey = new Uint8Array(32).fill(7);
  const pool = new FramePool();
  const { address } = await listenSv2<MiningMessage>({
    host: '127.0.0.1',
    port: 0,
    protocol: miningProtocol,
    keys: { publicKey: curve.xOnly(curve.publicKey(secretKey)), secretKey },
    certificateSeconds: 3600,
    frameCap: 65_536,
    workers,
    log: createLog('bench', 'silent'),
    accept: () => ({ used_version: PROTOCOL_VERSION, flags: 0 }),
    onConnection: (connection) => pool.serve(connection),
  });
  let coming: Promise<number> | undefined;
  serveParent({
    port: () => address.port,
    expect({ shares }: { shares: number }) {
      coming = pool.expect(shares);
    },
    arrived: () => coming,
    answerAll: () => pool.answerAll(),
    /** As soon as the real pool does. */
    answerSteadily() {
      setInterval(() => pool.answerAll(), MIN_ACK_DELAY_MS);
    },
    newTip: () => pool.newTip(),
    arrivals: ({ shares }: { shares: number }) => pool.arrivals(shares),
  });
}

async function openRealPool(): Promise<void> {
  tuneHeap();
  const { port } = await openPool();
  serveParent({ port: () => port });
}

if (process.argv[2] === 'real') await openRealPool();
else await openFramePool();

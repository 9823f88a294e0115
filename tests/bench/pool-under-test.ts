import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_PREFIXES } from '../../domain/extranonce/allocator.ts';
import { Outbox } from '../../roles/pool/outbox/outbox.ts';
import { TipShares } from '../../roles/pool/tip-shares.ts';
import { WorkSource } from '../../roles/pool/work-source.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { SPOKEN_EXTENSIONS } from '../../services/mining-server/extensions.ts';
import { openMiningServer } from '../../services/mining-server/server.ts';

export const MERKLE_STEPS = 12;
/** So many that vardiff leaves the target where it is, thousands that are stored in one millisecond included. */
const SHARES_PER_MINUTE = 1e15;
/** All clients of a bench come from one address. */
const CONNECTIONS = 20_000;

/** What makes up most of a job's message. */
export interface JobSize {
  readonly coinbasePrefix: Uint8Array;
  readonly coinbaseSuffix: Uint8Array;
  readonly merklePath: readonly Uint8Array[];
}

/** The pool without its processes, for benches. */
export interface PoolUnderTest {
  readonly port: number;
  /** The job that miners have now. */
  readonly job: JobSize;
  /** A new template and its tip, as a template provider tells of them. */
  newTip(): void;
  close(): Promise<void>;
}

/**
 * The pool's own parts, from the socket to the disk: mining server, validation, outbox. Only its template is made
 * up, and its mint is away. At a minimum difficulty of 0 every hash is a share, so that no miner is in the way.
 */
export async function openPool(): Promise<PoolUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-bench-'));
  const { curve, hash } = await loadCrypto();
  const log = createLog('bench', 'silent');
  const workers = await openHandshakeWorkers();
  const outbox = await Outbox.open(join(folder, 'outbox.sqlite'));
  const secretKey = new Uint8Array(32).fill(7);
  const shares = new TipShares({
    hash,
    log,
    storedEarlier: (prevHash) => outbox.storedEarlier(prevHash),
  });
  const work = new WorkSource({
    coinbase: { rewardScript: new Uint8Array(22).fill(1), signature: 'bench' },
    log,
    seenOn: (prevHash) => shares.on(prevHash),
  });
  const server = await openMiningServer({
    host: '127.0.0.1',
    port: 0,
    keys: { secretKey, publicKey: curve.xOnly(curve.publicKey(secretKey)) },
    certificateSeconds: 3600,
    workers,
    hash,
    log,
    serverId: 1,
    shareBatchSize: 100,
    policy: {
      sharesPerMinute: SHARES_PER_MINUTE,
      versionMask: 0,
      houseKey: undefined,
      extensions: { supported: SPOKEN_EXTENSIONS, required: [] },
      maxChannels: MAX_PREFIXES,
      maxChannelsPerAddress: MAX_PREFIXES,
      firstChannelMs: 600_000,
    },
    limits: { connections: CONNECTIONS, connectionsPerAddress: CONNECTIONS },
    sink: {
      commit: async (records, count, origins) => void (await outbox.append(records, count, origins)),
    },
    renew: (jobId) => work.renew(jobId),
    events: { onBlock: () => undefined },
  });
  let job: JobSize | undefined;
  const working = new Promise<void>((resolve) => {
    work.serve({
      ...server,
      activate(live) {
        job = live.job;
        server.activate(live);
        resolve();
      },
    });
  });
  work.takeTerms({
    policy: 'target',
    minimumDifficulty: 0,
    unit: 'hash',
    keysetId: new Uint8Array(33).fill(1),
  });
  let tips = 0;
  const newTip = (): void => feed(work, ++tips);
  newTip();
  await working;
  return {
    port: server.address.port,
    newTip,
    get job() {
      if (!job) throw new Error('there is no job yet');
      return job;
    },
    async close() {
      await server.close();
      await outbox.close();
      await workers.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function feed(work: WorkSource, number: number): void {
  const now = Math.floor(Date.now() / 1000);
  work.takeTemplate({
    name: 'NewTemplate',
    template_id: BigInt(number),
    future_template: true,
    version: 0x20000000,
    coinbase_tx_version: 2,
    coinbase_prefix: Uint8Array.of(3, 1, 2, 3),
    coinbase_tx_input_sequence: 0xffffffff,
    coinbase_tx_value_remaining: 5_000_000_000n,
    coinbase_tx_outputs_count: 0,
    coinbase_tx_outputs: new Uint8Array(0),
    coinbase_tx_locktime: 0,
    merkle_path: Array.from({ length: MERKLE_STEPS }, (_, i) => new Uint8Array(32).fill(i)),
  });
  work.takePrevHash({
    name: 'SetNewPrevHash',
    template_id: BigInt(number),
    prev_hash: new Uint8Array(32).fill(number),
    header_timestamp: now,
    nBits: 0x1d00ffff,
    target: new Uint8Array(32),
  });
}

import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { MAX_PREFIXES } from '../../../../domain/extranonce/allocator.ts';
import type { PoolCoinbase } from '../../../../domain/jobs/pool-coinbase.ts';
import { PoolWork, type TemplatePrevHash } from '../../../../domain/jobs/pool-work.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { BIP323_MASK, type HashedWork } from '../../../../domain/shares/validate-share.ts';
import { fromHex } from '../../../../protocols/bytes.ts';
import { unpackWorkRecords, type WorkRecord } from '../../../../protocols/ehash/work-record.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../../../runtime/sv2/handshake-workers.ts';
import type { Sv2Limits } from '../../../../runtime/sv2/limits.ts';
import { SPOKEN_EXTENSIONS } from '../../../../services/mining-server/extensions.ts';
import type { MiningPolicy } from '../../../../services/mining-server/house.ts';
import { type MiningServer, openMiningServer } from '../../../../services/mining-server/server.ts';
import type { NewTemplate } from '../../../../services/template-client/client.ts';
import { RawMiner } from '../../../harness/raw-miner.ts';

export const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
export const OTHER_KEY = fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5');

const coinbase: PoolCoinbase = {
  rewardScript: fromHex('0014751e76e8199196d454941c45d1b3a323f1433bd6'),
  signature: 'test pool',
  keysetId: new Uint8Array(33).fill(1),
};

export function template(template_id: bigint, future_template: boolean): NewTemplate {
  return {
    name: 'NewTemplate',
    template_id,
    future_template,
    version: 0x20000000,
    coinbase_tx_version: 2,
    coinbase_prefix: fromHex('5200'),
    coinbase_tx_input_sequence: 0xffffffff,
    coinbase_tx_value_remaining: 5_000_000_000n,
    coinbase_tx_outputs_count: 0,
    coinbase_tx_outputs: new Uint8Array(0),
    coinbase_tx_locktime: 0,
    merkle_path: [new Uint8Array(32).fill(7)],
  };
}

const UNREACHABLE: Uint8Array = new Uint8Array(32);

/** A tip; blocks are out of reach unless a target is given. */
export function prevHash(template_id: bigint, fill: number, target = UNREACHABLE): TemplatePrevHash {
  return {
    name: 'SetNewPrevHash',
    template_id,
    prev_hash: new Uint8Array(32).fill(fill),
    header_timestamp: Math.floor(Date.now() / 1000),
    nBits: 0x207fffff,
    target,
  };
}

/** A store for shares that the test can look into and disturb. */
export class TestSink {
  readonly records: WorkRecord[] = [];
  commits = 0;
  before: () => void | Promise<void> = () => undefined;

  async commit(packed: Uint8Array): Promise<void> {
    await this.before();
    this.commits++;
    this.records.push(...unpackWorkRecords(packed));
  }
}

export interface TestPool {
  readonly server: MiningServer;
  readonly work: PoolWork;
  readonly sink: TestSink;
  readonly workers: HandshakeWorkers;
  readonly blocks: HashedWork[];
  /** A future template and its tip. */
  newTip(templateId: bigint, fill: number, target?: Uint8Array, seen?: SeenShares): void;
  /** A better template on the same tip. */
  newTemplate(templateId: bigint): void;
  connect(options?: { extensions?: readonly number[]; flags?: number; port?: number }): Promise<RawMiner>;
}

/** A mining server with one tip, ready for channels, until the test ends. */
export async function testPool(
  t: Pick<TestContext, 'after'>,
  options: Partial<MiningPolicy> & {
    shareBatchSize?: number;
    minimumDifficulty?: number;
    idle?: boolean;
    limits?: Partial<Sv2Limits>;
  } = {},
): Promise<TestPool> {
  const { curve, hash } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const secretKey = Uint8Array.from(randomBytes(32));
  const keys = { secretKey, publicKey: curve.xOnly(curve.publicKey(secretKey)) };
  const work = new PoolWork();
  const sink = new TestSink();
  const blocks: HashedWork[] = [];
  const miners: RawMiner[] = [];
  const server = await openMiningServer({
    host: '127.0.0.1',
    port: 0,
    keys,
    certificateSeconds: 3600,
    workers,
    hash,
    log: createLog('test', 'silent'),
    serverId: 0x0102,
    shareBatchSize: options.shareBatchSize ?? 10,
    policy: {
      sharesPerMinute: 60,
      versionMask: BIP323_MASK,
      houseKey: KEY,
      extensions: { supported: SPOKEN_EXTENSIONS, required: [] },
      maxChannels: MAX_PREFIXES,
      maxChannelsPerAddress: MAX_PREFIXES,
      firstChannelMs: 60_000,
      ...options,
    },
    ...(options.limits && { limits: options.limits }),
    sink,
    renew: (jobId) => work.renew(jobId),
    events: { onBlock: (found) => void blocks.push(found) },
  });
  t.after(async () => {
    await server.close();
    for (const miner of miners) miner.connection.close();
    await workers.close();
  });
  const pool: TestPool = {
    server,
    work,
    sink,
    workers,
    blocks,
    newTip(templateId, fill, target, seen = new SeenShares()) {
      server.announce(work.addFuture(template(templateId, true)));
      server.activate(work.setTip(prevHash(templateId, fill, target), seen));
    },
    newTemplate(templateId) {
      const live = work.addCurrent(template(templateId, false));
      if (live) server.add(live);
    },
    async connect(changes = {}) {
      const miner = await RawMiner.connect({
        ...server.address,
        authorityKey: keys.publicKey,
        workers,
        ...changes,
      });
      miners.push(miner);
      return miner;
    },
  };
  if (!options.idle) {
    server.setMinimumDifficulty(options.minimumDifficulty ?? 0);
    work.setCoinbase(coinbase);
    pool.newTip(1n, 1);
  }
  return pool;
}

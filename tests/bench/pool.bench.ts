import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outbox } from '../../roles/pool/outbox/outbox.ts';
import { WorkSource } from '../../roles/pool/work-source.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { openMiningServer } from '../../services/mining-server/server.ts';
import type { Figure, Session } from './figure.ts';
import { fullShare } from './hash.bench.ts';

const SHARES = 60_000;
const MERKLE_STEPS = 12;
/** So many that vardiff leaves the target where it is. */
const SHARES_PER_MINUTE = 1e9;

/**
 * The pool's own parts, from the socket to the disk: mining server, validation, outbox. Only its template is made
 * up, and its mint is away. At a minimum difficulty of 0 every hash is a share, so that no miner is in the way.
 */
async function openPool(): Promise<{ port: number; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-bench-'));
  const { curve, hash } = await loadCrypto();
  const log = createLog('bench', 'silent');
  const workers = await openHandshakeWorkers();
  const outbox = await Outbox.open(join(folder, 'outbox.sqlite'));
  const secretKey = new Uint8Array(32).fill(7);
  const work = new WorkSource({
    coinbase: { rewardScript: new Uint8Array(22).fill(1), signature: 'bench' },
    log,
    storedEarlier: (prevHash) => outbox.storedEarlier(prevHash),
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
      firstChannelMs: 60_000,
    },
    sink: { commit: async (records, count) => void (await outbox.append(records, count)) },
    renew: (jobId) => work.renew(jobId),
    events: { onBlock: () => undefined },
  });
  work.serve(server);
  work.takeTerms({
    policy: 'target',
    minimumDifficulty: 0,
    unit: 'hash',
    keysetId: new Uint8Array(33).fill(1),
  });
  feed(work);
  return {
    port: server.address.port,
    async close() {
      await server.close();
      await outbox.close();
      await workers.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function feed(work: WorkSource): void {
  const now = Math.floor(Date.now() / 1000);
  work.takeTemplate({
    name: 'NewTemplate',
    template_id: 1n,
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
    template_id: 1n,
    prev_hash: new Uint8Array(32).fill(9),
    header_timestamp: now,
    nBits: 0x1d00ffff,
    target: new Uint8Array(32),
  });
}

async function answer(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the generator ended')));
  await Promise.race([once(child, 'message'), ended]);
}

const sharesStored: Figure = {
  name: `pool: share validated and durable, ${MERKLE_STEPS} merkle steps, one connection`,
  unit: 'per second and core',
  limit: { figure: fullShare },
  async open(): Promise<Session> {
    const pool = await openPool();
    const generator = fork(new URL('./share-generator.ts', import.meta.url), [String(pool.port)]);
    await answer(generator);
    return {
      async run() {
        generator.send({ shares: SHARES });
        await answer(generator);
        return { operations: SHARES };
      },
      async close() {
        generator.disconnect();
        await once(generator, 'exit');
        await pool.close();
      },
    };
  },
};

export const figures: Figure[] = [sharesStored];

import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import type { BlockState, Terms } from '../../protocols/ehash/work-link.ts';
import type { WorkRecord } from '../../protocols/ehash/work-record.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { openWorkLinkServer, type WorkLinkServer } from '../../services/work-link/server.ts';
import { memoryLeases } from './memory-leases.ts';

/** A mint that takes work and does nothing else: what reached it, and for whom. */
export interface WorkMint {
  readonly server: WorkLinkServer;
  /** x-only, 32 bytes. */
  readonly authorityKey: Uint8Array;
  readonly poolId: Uint8Array;
  readonly issuerSecretKey: Uint8Array;
  /** All shares, in the order of the outbox. */
  readonly shares: WorkRecord[];
  /** Outboxes that sent work, in hex. */
  readonly outboxes: Set<string>;
  /** Told to each link that comes up. */
  readonly blocks: BlockState[];
  /** Server ids, of 1 and 2, that other pools have. */
  readonly taken: Set<number>;
}

export interface WorkMintOptions {
  readonly minimumDifficulty?: number;
  /** That of test pools unless given; empty for a pool in front of an upstream. */
  readonly rewardScript?: Uint8Array;
}

/** Opens a work link whose other end is a list, until the test ends. */
export async function workMint(
  t: Pick<TestContext, 'after'>,
  { minimumDifficulty = 0, rewardScript = fromHex('51') }: WorkMintOptions = {},
): Promise<WorkMint> {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const secretKey = Uint8Array.from(randomBytes(32));
  const authorityKey = curve.xOnly(curve.publicKey(secretKey));
  const issuerSecretKey = Uint8Array.from(randomBytes(32));
  const issuerKey = curve.publicKey(issuerSecretKey);
  const poolId = curve.publicKey(Uint8Array.from(randomBytes(32)));
  const shares: WorkRecord[] = [];
  const outboxes = new Set<string>();
  const blocks: BlockState[] = [];
  const taken = new Set<number>();
  const lease = memoryLeases();
  const terms: Terms = {
    policy: 'target',
    minimumDifficulty,
    unit: `hash_${toHex(poolId)}_1`,
    keysetId: new Uint8Array(33).fill(1),
  };
  const server = await openWorkLinkServer({
    host: '127.0.0.1',
    port: 0,
    keys: { publicKey: authorityKey, secretKey },
    certificateSeconds: 3600,
    workers,
    log: createLog('work mint', 'silent'),
    issuers: () => ({ issuerKeys: [issuerKey], serverIds: [1, 2], script: rewardScript }),
    terms: () => terms,
    blocks: async () => blocks,
    lease: async (request) => !taken.has(request.serverId) && (await lease(request)),
    leaseRenewalMs: 50,
    async onWork(_poolId, outboxId, firstSeq, records) {
      outboxes.add(toHex(outboxId));
      for (const [i, record] of records.entries()) {
        if (Number(firstSeq) + i === shares.length + 1) shares.push(record);
      }
      return { storedSeq: BigInt(shares.length), backedUpSeq: 0n, unplaced: 0, refusals: [] };
    },
  });
  t.after(async () => {
    await server.close();
    await workers.close();
  });
  return { server, authorityKey, poolId, issuerSecretKey, shares, outboxes, blocks, taken };
}

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PayoutRoom } from '../../../../domain/jobs/payouts.ts';
import { equalBytes } from '../../../../protocols/bytes.ts';
import type { BlockState, CoinbasePayouts, Refusal, Terms } from '../../../../protocols/ehash/work-link.ts';
import { WORK_RECORD_BYTES, type WorkRecord } from '../../../../protocols/ehash/work-record.ts';
import { type Crypto, loadCrypto } from '../../../../runtime/crypto.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../../../runtime/sv2/handshake-workers.ts';
import {
  openWorkLinkClient,
  type WorkAnswer,
  type WorkLinkClient,
  type WorkSource,
} from '../../../../services/work-link/client.ts';
import { openWorkLinkServer, type WorkLinkServer } from '../../../../services/work-link/server.ts';
import { memoryLeases } from '../../../harness/memory-leases.ts';

export const log = createLog('test', 'silent');
export const poolId = new Uint8Array(33).fill(2);
export const terms: Terms = {
  policy: 'target',
  minimumDifficulty: 3,
  unit: 'hash_02_1',
  keysetId: new Uint8Array(33).fill(1),
};

export let workers: HandshakeWorkers;
let crypto: Crypto;
before(async () => {
  [workers, crypto] = await Promise.all([openHandshakeWorkers(), loadCrypto()]);
});
after(() => workers.close());

export function keyPair() {
  const secretKey = Uint8Array.from(randomBytes(32));
  return { secretKey, publicKey: crypto.curve.xOnly(crypto.curve.publicKey(secretKey)) };
}

/** Share number `seq`, recognizable. */
function record(seq: number): Uint8Array {
  const bytes = new Uint8Array(WORK_RECORD_BYTES).fill(seq & 0xff);
  new DataView(bytes.buffer).setUint32(0, seq);
  return bytes;
}

export class MemoryOutbox implements WorkSource {
  readonly outboxId = Uint8Array.from(randomBytes(16));
  lastSeq = 0;
  storedSeq = 0;
  backedUpSeq = 0;
  readonly refusals: Refusal[] = [];
  grow(count: number): void {
    this.lastSeq += count;
  }
  async read(firstSeq: number, limit: number): Promise<Uint8Array> {
    const count = Math.min(limit, this.lastSeq - firstSeq + 1);
    return Buffer.concat(Array.from({ length: count }, (_, i) => record(firstSeq + i)));
  }
  async acknowledged(ack: {
    storedSeq: number;
    backedUpSeq: number;
    refusals: readonly Refusal[];
  }): Promise<void> {
    this.storedSeq = ack.storedSeq;
    this.backedUpSeq = ack.backedUpSeq;
    this.refusals.push(...ack.refusals);
  }
}

/** A mint's store: keeps each share once, in order, however often and from wherever it is sent. */
class MemoryMint {
  readonly shares: number[] = [];
  received = 0;
  /** Told to each link that comes up. */
  readonly blocks: BlockState[] = [];
  /** How far it knows this outbox from shares that the outbox has lost since. */
  ahead = 0;
  /** Runs before the answer; may throw or wait. */
  disturb: () => void | Promise<void> = () => undefined;
  /** So many of the shares from `first` on it takes now; undefined for all. */
  limit: (first: number) => number | undefined = () => undefined;
  refuse: (seq: number) => string | undefined = () => undefined;

  async onWork(firstSeq: bigint, records: readonly WorkRecord[]) {
    const refusals: Refusal[] = [];
    const first = Number(firstSeq);
    const taken = records.slice(0, this.limit(first));
    this.received += taken.length;
    for (const [i, { header }] of taken.entries()) {
      const seq = first + i;
      assert.equal(new DataView(header.buffer, header.byteOffset).getUint32(0), seq);
      const isNext = seq === this.shares.length + 1;
      if (isNext || (seq <= this.ahead && !this.shares.includes(seq))) this.shares.push(seq);
      const reason = this.refuse(seq);
      if (reason) refusals.push({ seq: BigInt(seq), reason });
    }
    const isCut = taken.length < records.length;
    const storedSeq = BigInt(isCut ? first + taken.length - 1 : Math.max(this.shares.length, this.ahead));
    await this.disturb();
    return { storedSeq, backedUpSeq: storedSeq / 2n, unplaced: 0, refusals };
  }
}

export interface Link {
  /** Of the mint. */
  readonly clock: { now: number };
  readonly server: WorkLinkServer;
  readonly outbox: MemoryOutbox;
  readonly mint: MemoryMint;
  readonly statuses: string[];
  readonly terms: Terms[];
  /** Server ids that pools were told, and refusals, in their order. */
  readonly leases: (number | string)[];
  /** What pools were told of their blocks, as `height state`. */
  readonly blocks: string[];
  connect(changes?: {
    serverId?: number;
    issuerSecretKey?: Uint8Array;
    outbox?: MemoryOutbox;
    poolId?: Uint8Array;
    authorityKey?: Uint8Array;
    rewardScript?: Uint8Array;
    payoutRoom?: PayoutRoom;
    onPayouts?(payouts: CoinbasePayouts): void;
    onAck?(ack: WorkAnswer): void;
  }): Promise<WorkLinkClient>;
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const REWARD_SCRIPT = new Uint8Array([0x51]);

async function openLink(openDeadlineMs = 10_000): Promise<Link> {
  const mint = new MemoryMint();
  const keys = keyPair();
  const issuer = keyPair();
  const issuerKey = crypto.curve.publicKey(issuer.secretKey);
  const outbox = new MemoryOutbox();
  const statuses: string[] = [];
  const told: Terms[] = [];
  const blocks: string[] = [];
  const leases: (number | string)[] = [];
  const clients: WorkLinkClient[] = [];
  const clock = { now: 1_700_000_000_000 };
  const server = await openWorkLinkServer({
    host: '127.0.0.1',
    port: 0,
    keys,
    certificateSeconds: 3600,
    workers,
    log,
    openDeadlineMs,
    issuers: (id) =>
      equalBytes(id, poolId)
        ? { issuerKeys: [issuerKey], serverIds: [1, 2], script: REWARD_SCRIPT }
        : undefined,
    terms: () => terms,
    blocks: async () => mint.blocks,
    lease: memoryLeases(),
    clock: () => clock.now,
    leaseRenewalMs: 20,
    onWork: (_pool, _outbox, firstSeq, records) => mint.onWork(firstSeq, records),
  });
  return {
    server,
    clock,
    outbox,
    mint,
    statuses,
    terms: told,
    blocks,
    leases,
    async connect(changes = {}) {
      const source = changes.outbox ?? outbox;
      const client = await openWorkLinkClient({
        ...server.address,
        authorityKey: keys.publicKey,
        poolId,
        serverId: 1,
        issuerSecretKey: issuer.secretKey,
        rewardScript: REWARD_SCRIPT,
        source,
        workers,
        log,
        backoff: { firstMs: 20, maxMs: 40 },
        onStatus: (text) => void statuses.push(text),
        onTerms: async (got) => void told.push(got),
        onLease: async (serverId) => void leases.push(serverId),
        onRefused: (code) => void leases.push(code),
        onBlock: ({ height, state }) => void blocks.push(`${height} ${state}`),
        ...changes,
      });
      clients.push(client);
      return client;
    },
    async until(condition) {
      for (const end = performance.now() + 8000; !condition(); await sleep(5)) {
        assert.ok(performance.now() < end, `not within 8 s; statuses: ${statuses.join(' | ')}`);
      }
    },
    async close() {
      for (const client of clients) await client.close();
      await server.close();
    },
  };
}

export async function withLink(test: (link: Link) => Promise<void>, openDeadlineMs?: number): Promise<void> {
  const link = await openLink(openDeadlineMs);
  try {
    await test(link);
  } finally {
    await link.close();
  }
}

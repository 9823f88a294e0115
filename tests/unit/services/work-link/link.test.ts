import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { equalBytes } from '../../../../protocols/bytes.ts';
import {
  type BlockState,
  type Refusal,
  type Terms,
  WORK_LINK_FRAME_CAP,
  WORK_LINK_PROTOCOL,
  workLinkProtocol,
} from '../../../../protocols/ehash/work-link.ts';
import { WORK_RECORD_BYTES, type WorkRecord } from '../../../../protocols/ehash/work-record.ts';
import { type Crypto, loadCrypto } from '../../../../runtime/crypto.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { connectSv2 } from '../../../../runtime/sv2/connect.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../../../runtime/sv2/handshake-workers.ts';
import {
  openWorkLinkClient,
  type WorkLinkClient,
  type WorkSource,
} from '../../../../services/work-link/client.ts';
import { LEASE_MS } from '../../../../services/work-link/leases.ts';
import { openWorkLinkServer, type WorkLinkServer } from '../../../../services/work-link/server.ts';
import { memoryLeases } from '../../../harness/memory-leases.ts';

const log = createLog('test', 'silent');
const poolId = new Uint8Array(33).fill(2);
const terms: Terms = {
  policy: 'target',
  minimumDifficulty: 3,
  unit: 'hash_02_1',
  keysetId: new Uint8Array(33).fill(1),
};

let workers: HandshakeWorkers;
let crypto: Crypto;
before(async () => {
  [workers, crypto] = await Promise.all([openHandshakeWorkers(), loadCrypto()]);
});
after(() => workers.close());

function keyPair() {
  const secretKey = Uint8Array.from(randomBytes(32));
  return { secretKey, publicKey: crypto.curve.xOnly(crypto.curve.publicKey(secretKey)) };
}

/** Share number `seq`, recognizable. */
function record(seq: number): Uint8Array {
  const bytes = new Uint8Array(WORK_RECORD_BYTES).fill(seq & 0xff);
  new DataView(bytes.buffer).setUint32(0, seq);
  return bytes;
}

class MemoryOutbox implements WorkSource {
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
    return { storedSeq, backedUpSeq: storedSeq / 2n, refusals };
  }
}

interface Link {
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
  }): Promise<WorkLinkClient>;
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

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
    issuers: (id) => (equalBytes(id, poolId) ? { issuerKeys: [issuerKey], serverIds: [1, 2] } : undefined),
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

async function withLink(test: (link: Link) => Promise<void>, openDeadlineMs?: number): Promise<void> {
  const link = await openLink(openDeadlineMs);
  try {
    await test(link);
  } finally {
    await link.close();
  }
}

function assertStoredOnce(link: Link): void {
  assert.deepEqual(
    link.mint.shares,
    Array.from({ length: link.outbox.lastSeq }, (_, i) => i + 1),
  );
}

describe('work link', () => {
  it('tells the terms, then takes all shares in order', () =>
    withLink(async (link) => {
      link.outbox.grow(3000);
      const client = await link.connect();
      await link.until(() => link.outbox.storedSeq === 3000);
      link.outbox.grow(1);
      client.wake();
      await link.until(() => link.outbox.storedSeq === 3001);
      assertStoredOnce(link);
      assert.deepEqual(link.terms, [terms]);
      assert.equal(link.mint.received, 3001, 'nothing was sent twice');
      await link.until(() => link.outbox.backedUpSeq === 1500);
      link.server.broadcastTerms();
      await link.until(() => link.terms.length === 2);
    }));

  it('tells how blocks stand: at first the latest, then each that changes, to their pool alone', () =>
    withLink(async (link) => {
      const block = (height: number, state: BlockState['state']): BlockState => {
        return { hashLe: new Uint8Array(32).fill(height), height, state, confirmations: 1 };
      };
      link.mint.blocks.push(block(7, 'confirmed'), block(9, 'found'));
      await link.connect();
      await link.until(() => link.blocks.length === 2);
      link.server.sendBlock(new Uint8Array(33).fill(3), block(8, 'found'));
      link.server.sendBlock(poolId, block(9, 'orphaned'));
      await link.until(() => link.blocks.length === 3);
      assert.deepEqual(link.blocks, ['7 confirmed', '9 found', '9 orphaned']);
    }));

  it('loses and doubles nothing when answers are lost', () =>
    withLink(async (link) => {
      let calls = 0;
      link.mint.disturb = () => {
        if (++calls % 3 === 0) throw new Error('stored, but the answer is lost');
      };
      link.outbox.grow(5000);
      const client = await link.connect();
      await link.until(() => link.outbox.storedSeq === 5000);
      for (let i = 0; i < 20; i++) {
        link.outbox.grow(50);
        client.wake();
        await sleep(3);
      }
      await link.until(() => link.outbox.storedSeq === 6000);
      assertStoredOnce(link);
      assert.ok(link.mint.received > 6000, 'some were sent again');
    }));

  it('goes on from where the mint is, also after the mint went back', () =>
    withLink(async (link) => {
      link.outbox.grow(700);
      link.outbox.storedSeq = 600;
      await link.connect();
      await link.until(() => link.outbox.storedSeq === 700);
      assertStoredOnce(link);
    }));

  it('sends everything from an outbox that was set back to an older copy, though its numbers were used before', () =>
    withLink(async (link) => {
      link.mint.ahead = 2000;
      link.outbox.grow(50);
      const client = await link.connect();
      await link.until(() => link.outbox.storedSeq === 50);
      link.outbox.grow(2950);
      client.wake();
      await link.until(() => link.outbox.storedSeq === 3000);
      assertStoredOnce(link);
    }));

  it('takes no share for stored that comes after one that is not', () =>
    withLink(async (link) => {
      link.mint.ahead = 5000;
      link.outbox.grow(3000);
      let cuts = 0;
      link.mint.limit = (first) => (first === 1 && cuts++ === 1 ? 300 : undefined);
      await link.connect();
      await link.until(() => link.outbox.storedSeq === 3000);
      assert.equal(new Set(link.mint.shares).size, 3000);
    }));

  it('keeps refusals with their reasons, and goes on', () =>
    withLink(async (link) => {
      link.mint.refuse = (seq) => (seq === 2 ? 'unknown prev hash' : undefined);
      link.outbox.grow(3);
      await link.connect();
      await link.until(() => link.outbox.storedSeq === 3);
      assert.deepEqual(link.outbox.refusals, [{ seq: 2n, reason: 'unknown prev hash' }]);
    }));

  it('closes the older link of an outbox that connects anew', () =>
    withLink(async (link) => {
      await link.connect();
      await link.until(() => link.server.links === 1);
      await link.connect();
      await link.until(() =>
        link.statuses.some((text) => text.includes('its pool has connected anew') || text.includes('closed')),
      );
      await link.until(() => link.server.links === 1);
    }));

  const refused: [string, RegExp, (link: Link) => Parameters<Link['connect']>[0]][] = [
    ['an unknown pool', /unknown-pool/, () => ({ poolId: new Uint8Array(33).fill(3) })],
    ['a foreign issuer', /unknown-issuer/, () => ({ issuerSecretKey: keyPair().secretKey })],
    ['a server id of nobody', /unknown-server-id/, () => ({ serverId: 9 })],
    ['a wrong authority', /authority/, () => ({ authorityKey: keyPair().publicKey })],
  ];
  for (const [who, words, changes] of refused) {
    it(`refuses ${who} in words`, () =>
      withLink(async (link) => {
        link.outbox.grow(1);
        await link.connect(changes(link));
        await link.until(() => link.statuses.some((text) => words.test(text)));
        assert.equal(link.mint.received, 0);
      }));
  }

  it('outlasts the deadline for opening it, which only the silent miss', () =>
    withLink(async (link) => {
      const client = await link.connect();
      await link.until(() => link.server.links === 1);
      const silent = await connectSv2({
        ...link.server.address,
        authorityKey: undefined,
        protocol: workLinkProtocol,
        setup: { protocol: WORK_LINK_PROTOCOL },
        frameCap: WORK_LINK_FRAME_CAP,
        workers,
        log,
      });
      silent.onMessage = () => undefined;
      await silent.closed;
      link.outbox.grow(1);
      client.wake();
      await link.until(() => link.outbox.storedSeq === 1);
      assert.deepEqual(link.statuses, ['connected to mint']);
    }, 300));

  it('gives a second outbox another server id, for as long as it keeps that, and refuses a third', () =>
    withLink(async (link) => {
      await link.connect();
      await link.until(() => link.server.links === 1);
      await link.connect({ outbox: new MemoryOutbox() });
      await link.until(() => link.server.links === 2);
      assert.deepEqual(link.leases, [1, 2]);
      assert.deepEqual(link.terms, [terms, terms]);
      // Longer than a lease, in steps that each see a renewal.
      for (let step = 0; step < 6; step++) {
        link.clock.now += LEASE_MS / 3;
        await sleep(60);
      }
      await link.connect({ outbox: new MemoryOutbox() });
      await link.until(() => link.leases.length > 2);
      assert.equal(link.leases[2], 'server-id-in-use');
      assert.ok(link.statuses.some((text) => text.includes('no other of server_ids is free')));
    }));

  it('asks again for the server id that it was given, though its first wish is free by then', () =>
    withLink(async (link) => {
      const first = await link.connect();
      await link.until(() => link.server.links === 1);
      const outbox = new MemoryOutbox();
      const second = await link.connect({ outbox });
      await link.until(() => link.server.links === 2);
      await first.close();
      await link.until(() => link.server.links === 1);
      link.clock.now += LEASE_MS;
      await sleep(60);
      link.mint.disturb = () => {
        link.mint.disturb = () => undefined;
        throw new Error('the link is cut');
      };
      outbox.grow(1);
      second.wake();
      await link.until(() => link.leases.length === 3);
      assert.deepEqual(link.leases, [1, 2, 2]);
    }));

  it('keeps its server id as long as it is up, and loses it a while later to the outbox that waits', () =>
    withLink(async (link) => {
      const first = await link.connect();
      await link.until(() => link.server.links === 1);
      // Longer than a lease, in steps that each see a renewal.
      for (let step = 0; step < 6; step++) {
        link.clock.now += LEASE_MS / 3;
        await sleep(100);
      }
      const other = new MemoryOutbox();
      await link.connect({ outbox: other, serverId: 2 });
      await link.until(() => link.server.links === 2);
      await link.connect({ outbox: new MemoryOutbox() });
      await link.until(() => link.leases.includes('server-id-in-use'));
      await first.close();
      await link.until(() => link.server.links === 1);
      link.clock.now += LEASE_MS;
      await link.until(() => link.server.links === 2);
      assert.equal(link.leases.at(-1), 1);
    }));
});

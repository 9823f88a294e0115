import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { encodeHeader } from '../../../protocols/bitcoin/header.ts';
import { leadingZeroBits } from '../../../protocols/bitcoin/target.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import type { WorkRecord } from '../../../protocols/ehash/work-record.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import type { KnownParent } from '../../../roles/mint/chain/chain-view.ts';
import { Engine } from '../../../roles/mint/engine.ts';
import { Losses } from '../../../roles/mint/losses.ts';
import type { WorkBatch } from '../../../roles/mint/store/work.ts';
import { WorkIntake } from '../../../roles/mint/work-intake/intake.ts';
import { FIRST_EPOCH_REACH } from '../../../roles/mint/work-intake/judge.ts';
import { Stamper } from '../../../roles/mint/work-intake/stamper.ts';
import { WaitingRoom } from '../../../roles/mint/work-intake/waiting-work.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { createLog } from '../../../runtime/logs.ts';
import { acceptedWork, openTestMint, SEED, type TestMint } from './support.ts';

const NOW = 1_800_000_000;
const BITS = 0x207fffff;
const log = createLog('test', 'silent');

interface Intake extends TestMint {
  readonly outboxId: Uint8Array;
  readonly intake: WorkIntake;
  readonly losses: Losses;
  readonly waiting: WaitingRoom;
  /** Blocks that the node knows, by hash in display order. */
  readonly blocks: Map<string, KnownParent>;
  /** Blocks that the node was asked for, each time. */
  readonly asked: string[];
  advance(milliseconds: number): void;
  take(firstSeq: bigint, records: readonly WorkRecord[]): ReturnType<WorkIntake['take']>;
  record(
    change?: Partial<{ prevHashLe: Uint8Array; time: number; bits: number; k: number; key: Uint8Array }>,
  ): Promise<WorkRecord>;
}

const prevHashLe = randomBytes(32);
const block: KnownParent = {
  height: 101,
  time: NOW - 600,
  medianTime: NOW - 3600,
  bits: BITS,
  start: undefined,
};

/** As of pools whose blocks pay somebody else. */
function stampsWithoutBlocks({ store, epochs }: Engine): Stamper {
  const chain = { link: async () => undefined };
  return new Stamper({ store, epochs, chain, pools: [], confirmations: 1, follow: async () => undefined });
}

async function openIntake(t: TestContext, workPerHour = 1n << 100n): Promise<Intake> {
  const mint = await openTestMint(t);
  const { hash } = await loadCrypto();
  const blocks = new Map([[toHex(reversed(prevHashLe)), block]]);
  const asked: string[] = [];
  const parent = async (hashBe: string) => {
    asked.push(hashBe);
    return blocks.get(hashBe);
  };
  const chain = { network: 'regtest' as const, parent };
  let now = NOW * 1000;
  const clock = () => now;
  const { engine, poolId, curve } = mint;
  const losses = await Losses.open(engine, log);
  const stamps = stampsWithoutBlocks(engine);
  const judging = { engine, chain, stamps, losses, clock, log };
  const waiting = new WaitingRoom(judging);
  const caps = new Map([[toHex(poolId), workPerHour]]);
  const intake = new WorkIntake({ ...judging, hash, waiting, workPerHour: caps });
  const outboxId = randomBytes(16);
  const ownKey = curve.publicKey(randomBytes(32));
  return Object.assign(mint, {
    outboxId,
    intake,
    blocks,
    asked,
    losses,
    waiting,
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
    take: (firstSeq: bigint, records: readonly WorkRecord[]) =>
      intake.take(poolId, outboxId, firstSeq, records),
    record: async ({ k, key = ownKey, ...fields }: Parameters<Intake['record']>[0] = {}) => {
      const header = encodeHeader({
        version: 0x20000000,
        prevHashLe,
        merkleRootLe: randomBytes(32),
        time: NOW,
        bits: BITS,
        nonce: 0,
        ...fields,
      });
      return { header, k: k ?? Math.min(leadingZeroBits(hash.sha256d(header)), 3), key };
    },
  });
}

const reasonsOf = ({ refusals }: { refusals: readonly { seq: bigint; reason: string }[] }) =>
  refusals.map(({ seq, reason }) => [seq, reason.split(':')[0]]);

test('work becomes quotes worth what its target proves; the same work again, the same quotes', async (t) => {
  const mint = await openIntake(t);
  const records = [await mint.record(), await mint.record(), await mint.record()];
  const stored = { storedSeq: 3n, backedUpSeq: 0n, unplaced: 0, refusals: [] };
  assert.deepEqual(await mint.take(1n, records), stored);
  const books = auditMint(mint.path);
  assert.equal(books.quotes.count, 3);
  assert.equal(
    books.quotes.sum,
    records.reduce((sum, { k }) => sum + (1n << BigInt(k)), 0n),
  );
  assert.deepEqual(await mint.take(1n, records), stored);
  assert.deepEqual(await mint.take(3n, [records[2] ?? (await mint.record()), await mint.record()]), {
    ...stored,
    storedSeq: 4n,
  });
  await mint.restart();
  assert.equal(auditMint(mint.path).quotes.count, 4);
});

test('the mint asks for what it lacks, and an empty submission only asks', async (t) => {
  const mint = await openIntake(t);
  assert.equal((await mint.take(1n, [])).storedSeq, 0n);
  await mint.take(1n, [await mint.record()]);
  assert.equal((await mint.take(5n, [await mint.record()])).storedSeq, 1n);
  assert.equal((await mint.take(2n, [])).storedSeq, 1n);
  assert.equal(auditMint(mint.path).quotes.count, 1);
  await assert.rejects(mint.take(0n, [await mint.record()]), { code: 'bad-sequence' });
});

test('an outbox that was told more than the mint has shows that its database is an older copy', async (t) => {
  const mint = await openIntake(t);
  const record = await mint.record();
  await mint.take(1n, [record]);
  await assert.rejects(mint.take(3n, []), { code: 'signing-stopped' });
  assert.match(mint.losses.frozen ?? '', /stored up to number 2, and here it is up to 1; restore it/);
  await assert.rejects(mint.take(2n, [await mint.record()]), { code: 'signing-stopped' });
  assert.ok(mint.engine.issuance.stopped);
  assert.equal(auditMint(mint.path).quotes.count, 1);
});

test('an outbox that the mint does not know, or knows no more, is asked for from its first share on', async (t) => {
  const mint = await openIntake(t);
  assert.equal((await mint.take(5n, [await mint.record()])).storedSeq, 0n);
  assert.equal(auditMint(mint.path).quotes.count, 0);
});

test('an outbox set back to an older copy loses nothing, though its numbers were used before', async (t) => {
  const mint = await openIntake(t);
  const some = async (count: number) =>
    Promise.all(Array.from({ length: count }, () => mint.record({ k: 0 })));
  assert.equal((await mint.take(1n, await some(5))).storedSeq, 5n);
  const anew = await some(2);
  assert.equal((await mint.take(2n, anew)).storedSeq, 3n);
  assert.equal((await mint.take(4n, await some(4))).storedSeq, 7n);
  assert.equal((await mint.take(2n, anew)).storedSeq, 3n);
  assert.equal(auditMint(mint.path).quotes.count, 11);
  assert.equal((await mint.take(8n, [])).storedSeq, 7n);
});

test('an answer names the refusals under the numbers that were sent, and no others', async (t) => {
  const mint = await openIntake(t);
  await mint.take(1n, [await mint.record({ k: 200 }), await mint.record({ k: 200 })]);
  assert.deepEqual(reasonsOf(await mint.take(1n, [await mint.record({ k: 200 })])), [
    [1n, 'work-not-proven'],
  ]);
  assert.equal(auditMint(mint.path).refusals, 2, 'each is counted once');
});

test('what can never be paid is refused with its reason, told again on a resend, and holds up nothing', async (t) => {
  const mint = await openIntake(t);
  const early = randomBytes(32);
  mint.blocks.set(toHex(reversed(early)), { ...block, height: 101 - FIRST_EPOCH_REACH - 1 });
  const records = [
    await mint.record({ k: 200 }),
    await mint.record({ key: Buffer.concat([Buffer.of(2), Buffer.alloc(32, 0xff)]) }),
    await mint.record({ bits: 0x1d00ffff }),
    await mint.record({ time: block.medianTime }),
    await mint.record({ prevHashLe: early }),
    await mint.record(),
  ];
  const expected = [
    [1n, 'work-not-proven'],
    [2n, 'bad-key'],
    [3n, 'wrong-bits'],
    [4n, 'time-too-old'],
    [5n, 'before-first-epoch'],
  ];
  const first = await mint.take(1n, records);
  assert.equal(first.storedSeq, 6n);
  assert.deepEqual(reasonsOf(first), expected);
  assert.deepEqual(reasonsOf(await mint.take(1n, records)), expected);
  const books = auditMint(mint.path);
  assert.deepEqual([books.quotes.count, books.refusals], [1, 5]);
});

test('the same share with another key or k is a conflict: the first one holds', async (t) => {
  const mint = await openIntake(t);
  let record = await mint.record();
  while (record.k < 2) record = await mint.record();
  await mint.take(1n, [record]);
  const thief = mint.curve.publicKey(randomBytes(32));
  const { storedSeq } = await mint.take(2n, [{ ...record, key: thief }, { ...record, k: 1 }, record]);
  assert.equal(storedSeq, 4n);
  const books = auditMint(mint.path);
  assert.deepEqual([books.quotes.count, books.conflicts], [1, 2]);
  const { quotes } = await mint.engine.quotesOfKeys({
    keys: [thief],
    after: undefined,
    limit: 10,
    onlyOpen: false,
  });
  assert.equal(quotes.length, 0);
});

test('an unknown prev hash leaves a quote waiting, unpaid, until the node knows it', async (t) => {
  const mint = await openIntake(t);
  const [late, bad] = [randomBytes(32), randomBytes(32)];
  const key = mint.curve.publicKey(randomBytes(32));
  const records = [
    await mint.record({ prevHashLe: late, key }),
    await mint.record({ prevHashLe: bad, key, bits: 0x1d00ffff }),
  ];
  const { storedSeq, refusals } = await mint.take(1n, records);
  assert.deepEqual([storedSeq, refusals], [2n, []]);
  const states = async () => {
    const { quotes } = await mint.engine.quotesOfKeys({
      keys: [key],
      after: undefined,
      limit: 10,
      onlyOpen: false,
    });
    return quotes.map(({ state }) => state);
  };
  assert.deepEqual(await states(), ['UNPAID', 'UNPAID']);
  await mint.waiting.recheck();
  assert.deepEqual(await states(), ['UNPAID', 'UNPAID']);
  mint.blocks.set(toHex(reversed(late)), block);
  await mint.waiting.recheck();
  assert.deepEqual(await states(), ['PAID', 'UNPAID']);
  mint.blocks.set(toHex(reversed(bad)), block);
  await mint.waiting.recheck();
  assert.deepEqual(await states(), ['PAID', 'VOID']);
  assert.deepEqual(reasonsOf(await mint.take(1n, records)), [[2n, 'wrong-bits']]);
  const books = auditMint(mint.path);
  assert.deepEqual([books.quotes.count, books.void.count, books.refusals], [1, 1, 1]);
});

test('work whose block comes to be known while it is stored does not wait for another one', async (t) => {
  const mint = await openIntake(t);
  const late = randomBytes(32);
  const record = await mint.record({ prevHashLe: late });
  const store = mint.engine.storeWork.bind(mint.engine);
  t.mock.method(mint.engine, 'storeWork', async (batch: WorkBatch) => {
    mint.blocks.set(toHex(reversed(late)), block);
    await mint.waiting.recheck();
    return store(batch);
  });
  await mint.take(1n, [record]);
  await mint.waiting.close();
  assert.deepEqual(await mint.engine.waiting(0, 10), []);
});

test('a node is asked once for a prev hash, however much work waits on it', async (t) => {
  const mint = await openIntake(t);
  const prevHashLe = randomBytes(32);
  const records = await Promise.all(Array.from({ length: 20 }, () => mint.record({ prevHashLe })));
  await mint.take(1n, records);
  mint.asked.length = 0;
  await mint.waiting.recheck();
  assert.deepEqual(mint.asked, [toHex(reversed(prevHashLe))]);
  assert.equal((await mint.engine.waiting(0, 100)).length, 20);
});

test('work ahead of the clock of the mint waits, and is paid once the clock has come near', async (t) => {
  const mint = await openIntake(t);
  const records = [
    await mint.record({ time: NOW + 7200 }),
    await mint.record({ time: NOW + 7201 }),
    await mint.record({ time: NOW + 7201, bits: 0x1d00ffff }),
  ];
  assert.deepEqual(reasonsOf(await mint.take(1n, records)), [[3n, 'wrong-bits']]);
  const waiting = async () => (await mint.engine.waiting(0, 10)).length;
  await mint.waiting.recheck();
  assert.equal(await waiting(), 1);
  mint.advance(1000);
  await mint.waiting.recheck();
  assert.equal(await waiting(), 0);
  const books = auditMint(mint.path);
  assert.deepEqual([books.quotes.count, books.void.count, books.refusals], [2, 0, 1]);
});

test('a pool at its cap waits, loses nothing, and goes on in the next hour', async (t) => {
  const mint = await openIntake(t, 16n);
  const records: WorkRecord[] = [];
  while (records.length < 3) {
    const record = await mint.record();
    if (record.k === 3) records.push(record);
  }
  assert.equal((await mint.take(1n, records)).storedSeq, 2n);
  assert.equal((await mint.take(3n, records.slice(2))).storedSeq, 2n);
  mint.advance(3_600_000);
  assert.equal((await mint.take(3n, records.slice(2))).storedSeq, 3n);
  assert.equal(auditMint(mint.path).quotes.sum, 24n);

  let lucky = await mint.record({ k: 0 });
  while (leadingZeroBits((await loadCrypto()).hash.sha256d(lucky.header)) < 5)
    lucky = await mint.record({ k: 0 });
  const { storedSeq, refusals } = await mint.take(4n, [{ ...lucky, k: 5 }]);
  assert.equal(storedSeq, 4n);
  assert.deepEqual(reasonsOf({ refusals }), [[4n, 'above-work-cap']]);
});

test('the same work again, and work that could not be stored, takes nothing of the cap', async (t) => {
  const mint = await openIntake(t, 16n);
  const records: WorkRecord[] = [];
  while (records.length < 2) {
    const record = await mint.record();
    if (record.k === 3) records.push(record);
  }
  const [first, second] = records;
  assert.ok(first && second);
  for (let i = 0; i < 3; i++) assert.equal((await mint.take(1n, [first])).storedSeq, 1n);
  t.mock.method(mint.engine, 'storeWork', () => Promise.reject(new Error('disk full')), { times: 2 });
  for (let i = 0; i < 2; i++) await assert.rejects(mint.take(2n, [second]), /disk full/);
  assert.equal((await mint.take(2n, [second])).storedSeq, 2n);
});

test('what a pool delivered counts at every process of the mint, and once its hour is over no more', async (t) => {
  const mint = await openTestMint(t);
  const other = await Engine.open({ path: mint.path, seed: SEED, threads: 1 });
  t.after(() => other.close());
  const outboxId = randomBytes(16);
  const allowance = { perHour: 12n, minimumDifficulty: 0, now: 1_000_000 };
  const store = (engine: Engine, firstSeq: bigint, now = allowance.now) => {
    const segment = engine.epochs.current(mint.poolId)?.segment ?? 0;
    const records = [acceptedWork(segment, mint.curve.publicKey(randomBytes(32)), 3)];
    const batch = { poolId: mint.poolId, outboxId, firstSeq, records };
    return engine.storeWork({ ...batch, allowance: { ...allowance, now } });
  };
  assert.equal((await store(mint.engine, 1n)).isFull, false);
  const { isFull, storedSeq } = await store(other, 2n);
  assert.deepEqual([isFull, storedSeq], [true, 1n]);
  assert.equal((await store(other, 2n, allowance.now + 3_600_000)).storedSeq, 2n);
});

test('work comes in no sooner than the pool has an epoch', async (t) => {
  const mint = await openIntake(t);
  const stranger = mint.curve.publicKey(randomBytes(32));
  await assert.rejects(mint.intake.take(stranger, mint.outboxId, 1n, [await mint.record()]), {
    code: 'mint-not-ready',
  });
});

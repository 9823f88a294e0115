import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { fromHex, reversed } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { type LightningRewardParts, LightningRewards } from '../../../roles/mint/lightning-rewards.ts';
import { Redemptions } from '../../../roles/mint/redemption.ts';
import { askRewardInvoice, listRewards } from '../../../roles/mint/store/lightning-rewards.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { createLog } from '../../../runtime/logs.ts';
import { inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { openTestPayments } from './payments-support.ts';
import { acceptedWork } from './support.ts';

const OPENED = 101;
const PERIOD = 10;
const MINIMUM = 1_000n;
const WAIT_MS = 30_000;
const NEVER_MS = 3_600_000;
const terms = { policy: 'target', minimumDifficulty: 0, feePpm: 100_000, windowBlocks: 100 } as const;

type Others = Pick<LightningRewardParts, 'backend' | 'log'>;

/** A pool in front of an upstream that pays over a Lightning network which a test plays. */
async function scene(t: TestContext) {
  const sats = await openTestPayments(t, {});
  const { mint, bolt11 } = sats;
  const { engine, poolId } = mint;
  const chain = { height: OPENED };
  const hashBe = () => createHash('sha256').update(`${chain.height}`).digest('hex');
  const pool = { poolId, feePpm: 0, lightning: { periodBlocks: PERIOD, minimum: MINIMUM } };
  const open = (
    pools = [pool],
    { backend = bolt11, log = createLog('test', 'silent') }: Partial<Others> = {},
  ) =>
    new LightningRewards({
      ...{ engine, pools, backend, log, intervalMs: NEVER_MS },
      tip: () => ({ height: chain.height, hashBe: hashBe(), isSyncing: false }),
      terms: () => terms,
    });
  const rewards = open();
  t.after(() => rewards.close());

  function written<T>(act: (db: ReturnType<typeof openPlace>) => T): T {
    const db = openPlace(mint.path, schema);
    try {
      return inTransaction(db, () => act(db));
    } finally {
      db.close();
    }
  }
  const listed = (request: number) => written((db) => listRewards(db, { limit: 1, request }))[0];
  return {
    ...sats,
    engine,
    rewards,
    open,
    chain,
    listed,
    tipHashLe: () => reversed(fromHex(hashBe())),
    redemptions: new Redemptions(engine, () => chain.height),
    epoch: (height: number) => engine.store.call('epochByUnit', mint.unit.replace(/\d+$/, String(height))),
    ask: (amount: bigint) =>
      written((db) => askRewardInvoice(db, { poolId, sats: amount, memo: 'a week', now: 1 })),
    /** A backend that makes no invoice of these amounts; and what was asked of it, and told of it. */
    refusing(refused: readonly bigint[]) {
      const asked: (bigint | undefined)[] = [];
      const told: string[] = [];
      const createRequest: Others['backend']['createRequest'] = async (wanted) => {
        asked.push(wanted.amount);
        if (wanted.amount === undefined || !refused.includes(wanted.amount))
          return bolt11.createRequest(wanted);
        throw new HashpoolError('payment-failed', `no invoice of ${wanted.amount}`);
      };
      const log = pino({ level: 'warn' }, { write: (line: string) => void told.push(line) });
      const all = open([pool], { backend: { createRequest }, log });
      t.after(() => all.close());
      return { rewards: all, asked, told };
    },
    /** Asks for an invoice; gives what the backend names it by. */
    async invoice(amount: bigint): Promise<string> {
      const request = written((db) => askRewardInvoice(db, { poolId, sats: amount, memo: 'a week', now: 1 }));
      await rewards.run();
      assert.match(listed(request)?.invoice ?? '', /^ln/);
      const rows = written((db) =>
        db.prepare('SELECT lookup FROM reward_invoices WHERE reward_request = ?').all(request),
      );
      return String(rows[0]?.['lookup']);
    },
    /** Pays an invoice, and waits until it is booked. */
    async pay(lookup: string, amount: bigint): Promise<void> {
      const before = await engine.store.call('rewardsReceived', poolId);
      await bolt11.deposit(lookup, amount);
      for (
        const end = Date.now() + WAIT_MS;
        (await engine.store.call('rewardsReceived', poolId)) === before;
        await delay(5)
      )
        assert.ok(Date.now() < end, 'the payment was not booked');
    },
    audit(): void {
      const { sats: books, units } = auditMint(mint.path);
      assert.deepEqual(books.contradictions, []);
      assert.ok(units.size > 0);
    },
  };
}

test('what an upstream pays backs the open epoch, closes it after its period, and is redeemed at once', async (t) => {
  const s = await scene(t);
  const key = randomBytes(32);
  const [name = ''] = await s.mint.addQuotes(s.mint.curve.publicKey(key), [3]);
  await s.mint.addQuotes(s.mint.curve.publicKey(key), [3]);
  await s.pay(await s.invoice(600n), 600n);
  s.chain.height = OPENED + PERIOD;
  await s.rewards.run();
  assert.equal((await s.epoch(OPENED))?.closing, undefined, 'too little has come in');
  await s.pay(await s.invoice(500n), 500n);
  assert.equal(await s.engine.store.call('rewardsReceived', s.mint.poolId), 1_100n);
  s.chain.height = OPENED + PERIOD - 1;
  await s.rewards.run();
  assert.equal((await s.epoch(OPENED))?.closing, undefined, 'its period is not over');
  s.chain.height = OPENED + PERIOD;
  await s.rewards.run();

  const closed = await s.epoch(OPENED);
  assert.deepEqual(closed?.closing, { hashLe: s.tipHashLe(), height: OPENED + PERIOD, reward: 1_100n });
  assert.deepEqual(closed?.price, { rewardSats: 1_100n, feeSats: 0n, payableSats: 1_100n, work: 16n });
  assert.equal(closed?.pricedHeight, OPENED + PERIOD);
  const next = s.engine.epochs.current(s.mint.poolId);
  assert.deepEqual([next?.openedHeight, next?.isFinal, next?.feePpm], [OPENED + PERIOD, true, 100_000]);
  assert.equal(s.engine.epochs.firstHeight(s.mint.poolId), OPENED);
  assert.equal(
    s.engine.keysets.signing.some(({ id }) => id === closed?.keysetId),
    false,
  );

  const outputs = s.outputs(550);
  const signatures = [s.mint.sign(name, outputs, key)];
  assert.equal(
    (await s.redemptions.redeemQuotes({ quotes: [name], outputs, signatures })).length,
    outputs.length,
  );
  s.audit();
  const { balances } = auditMint(s.mint.path).sats;
  assert.deepEqual(
    [balances.lightning, balances.coinbase, balances.sat, balances.ehash],
    [-1_100n, 0n, 550n, 550n],
  );
  await s.rewards.run();
  assert.equal(
    s.engine.epochs.ofPool(s.mint.poolId).length,
    1,
    'nothing closes an epoch of which no reward has come',
  );
});

test('a payment is booked once, whatever it is told again, and what comes later is the next epoch’s', async (t) => {
  const s = await scene(t);
  await s.mint.addQuotes(randomBytes(33), [0]);
  const lookup = await s.invoice(2_000n);
  await s.pay(lookup, 2_000n);
  const position = (await s.engine.store.call('watermark', 'bolt11')) ?? '';
  const delivery = { method: 'bolt11', position, minimum: 1n };
  const again = [{ id: 'again', lookup, amount: 2_000n, seenAt: 1 }];
  assert.deepEqual(await s.engine.store.call('creditPayments', { ...delivery, payments: again }), []);
  assert.equal(await s.engine.store.call('rewardsReceived', s.mint.poolId), 2_000n);
  const late = await s.invoice(50n);
  s.chain.height = OPENED + PERIOD;
  await s.rewards.run();
  await s.pay(late, 50n);
  assert.equal(await s.engine.store.call('rewardsReceived', s.mint.poolId), 50n);
  assert.equal((await s.epoch(OPENED))?.price?.rewardSats, 2_000n);
  s.audit();
});

test('an epoch in which nobody has worked stays open, and its reward waits for who does', async (t) => {
  const s = await scene(t);
  await s.pay(await s.invoice(2_000n), 2_000n);
  s.chain.height = OPENED + 2 * PERIOD;
  await s.rewards.run();
  assert.equal((await s.epoch(OPENED))?.closing, undefined);
  await s.mint.addQuotes(randomBytes(33), [0]);
  await s.rewards.run();
  assert.equal((await s.epoch(OPENED))?.price?.rewardSats, 2_000n);
  assert.ok(await s.epoch(OPENED + 2 * PERIOD));
});

test('an epoch whose quotes all still wait for their block stays open: its reward would be nobody’s', async (t) => {
  const s = await scene(t);
  const { segment } = s.engine.epochs.current(s.mint.poolId) ?? {};
  assert.ok(segment !== undefined);
  const work = { ...acceptedWork(segment, randomBytes(33), 2), isWaiting: true };
  const from = { poolId: s.mint.poolId, outboxId: randomBytes(16), firstSeq: 1n };
  await s.engine.storeWork({ ...from, records: [work] });
  await s.pay(await s.invoice(2_000n), 2_000n);
  s.chain.height = OPENED + PERIOD;
  await s.rewards.run();
  assert.equal((await s.epoch(OPENED))?.closing, undefined);
  await s.engine.settle([{ quoteId: work.quoteId, segment, reason: undefined }]);
  await s.rewards.run();
  const price = { rewardSats: 2_000n, feeSats: 0n, payableSats: 2_000n, work: 4n };
  assert.deepEqual((await s.epoch(OPENED))?.price, price);
  s.audit();
});

test('two processes make one invoice and close one epoch; a pool that blocks pay gets no invoice', async (t) => {
  const s = await scene(t);
  await s.mint.addQuotes(randomBytes(33), [0]);
  const other = s.open();
  t.after(() => other.close());
  const request = s.ask(5_000n);
  await Promise.all([s.rewards.run(), other.run()]);
  assert.match(s.listed(request)?.invoice ?? '', /^ln/);
  const [lookup] = [await s.invoice(1_000n)];
  await s.pay(lookup ?? '', 1_000n);
  s.chain.height = OPENED + PERIOD;
  await Promise.all([s.rewards.run(), other.run()]);
  assert.equal((await s.epoch(OPENED))?.price?.rewardSats, 1_000n);
  assert.equal(s.engine.epochs.ofPool(s.mint.poolId).length, 1);
  s.audit();

  const refusing = s.open([]);
  t.after(() => refusing.close());
  const refused = s.ask(1n);
  await refusing.run();
  assert.match(s.listed(refused)?.trouble ?? '', /has not rewards = "lightning"/);
});

test('an invoice that the backend refuses keeps neither others nor the closing of an epoch waiting', async (t) => {
  const s = await scene(t);
  await s.mint.addQuotes(randomBytes(33), [0]);
  await s.pay(await s.invoice(2_000n), 2_000n);
  s.chain.height = OPENED + PERIOD;
  const { rewards, told } = s.refusing([1n]);
  const [refused, other] = [s.ask(1n), s.ask(2n)];
  await rewards.run();
  assert.match(s.listed(other)?.invoice ?? '', /^ln/);
  assert.equal(s.listed(refused)?.trouble, 'no invoice of 1');
  assert.equal((await s.epoch(OPENED))?.price?.rewardSats, 2_000n);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /no invoice of 1/);
});

test('requests that fail again and again, more than a turn takes, come behind new ones, each in its turn', async (t) => {
  const s = await scene(t);
  const refused = Array.from({ length: 20 }, (_, i) => BigInt(i + 1));
  const { rewards, asked } = s.refusing(refused);
  for (const sats of refused) s.ask(sats);
  await rewards.run();
  await rewards.run();
  const fresh = s.ask(1_000n);
  await rewards.run();
  assert.match(s.listed(fresh)?.invoice ?? '', /^ln/);
  await rewards.run();
  const tries = refused.map((sats) => asked.filter((each) => each === sats).length);
  assert.ok(
    tries.every((n) => n >= 2),
    `each is tried again in its turn: ${tries}`,
  );
});

test('a request after a restore has no invoice of one that only the journal knew of', async (t) => {
  const s = await scene(t);
  const { poolId } = s.mint;
  // The journal notes invoices; an operator's requests of after the copy are gone.
  const known = { request: 1, poolId, invoice: 'lnbcrt1old', lookup: 'old', expiry: undefined };
  await s.engine.store.call('addRewardInvoice', known);
  const request = s.ask(5_000n);
  await s.rewards.run();
  const { invoice } = s.listed(request) ?? {};
  assert.match(invoice ?? '', /^ln/);
  assert.notEqual(invoice, known.invoice);
});

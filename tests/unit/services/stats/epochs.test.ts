import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EPOCH_STATES, type EpochState, type StatsMessageOf } from '../../../../protocols/stats/messages.ts';
import type { Epochs } from '../../../../services/stats/api/schemas/epochs.ts';
import type { Events } from '../../../../services/stats/api/schemas/events.ts';
import { EpochBoard, MAX_EPOCHS } from '../../../../services/stats/live/epoch-board.ts';
import { EventLog } from '../../../../services/stats/live/events.ts';
import { get, startRole, startService, until } from './scene.ts';

const POOL = `02${'ab'.repeat(32)}`;

function epoch(height: number, state: EpochState, more: Partial<StatsMessageOf<'EpochState'>> = {}) {
  return {
    name: 'EpochState' as const,
    at: BigInt(Date.now()),
    unit: `hash_${POOL}_${height}`,
    state: EPOCH_STATES.indexOf(state),
    opened_height: height,
    closed_height: 0,
    due_height: 0,
    redeemable_height: 0,
    end_height: 0,
    fee_ppm: 10_000,
    minimum_difficulty: 32,
    quotes: 3n,
    work: 1n << 70n,
    issued: 0n,
    outstanding: 0n,
    gifts_sat: 0n,
    reward_sat: 0n,
    is_priced: 0,
    payable_sat: 0n,
    redeemed: 0n,
    redeemed_sat: 0n,
    dust_sat: 0n,
    auto_paid: 0n,
    auto_paid_sat: 0n,
    ...more,
  };
}

const tip = (height: number) =>
  ({
    name: 'ChainTip',
    at: BigInt(Date.now()),
    block_hash: new Uint8Array(32).fill(height),
    height,
  }) as const;

const books = {
  name: 'SatSums',
  owed_sat: 700n,
  owed_ehash: 900n,
  is_reserve_known: 1,
  reserve_sat: 600n,
  fees_sat: 10n,
  dust_sat: 1n,
  expired_sat: 0n,
  carried_sat: 5n,
  coinbase_balances: 2,
  coinbase_sat: 400n,
} as const;

const reports = {
  name: 'ReportSums',
  ...{ number: 7, height: 118, due: 1, failed: 2n, samples_due: 3, proven_sat: 500n },
} as const;

test('epochs are what the mint tells, with prices, what is due, and the books, also for a service that has just begun', async (t) => {
  const service = await startService(t);
  assert.deepEqual((await get<Epochs>(service, '/api/epochs')).epochs, []);
  const mint = startRole(t, service.tcpPort, { role: 'mint' });
  const closed = { closed_height: 110, redeemable_height: 210, end_height: 1210, reward_sat: 5_000_000_001n };
  mint.send(
    epoch(90, 'redeemable', {
      ...closed,
      is_priced: 1,
      payable_sat: 4_000n,
      redeemed: 90n,
      redeemed_sat: 1_500n,
      auto_paid: 30n,
      auto_paid_sat: 500n,
      dust_sat: 2n,
    }),
  );
  mint.send(epoch(100, 'maturing', { ...closed, due_height: 210 }));
  mint.send(epoch(110, 'open'));
  mint.send(tip(215));
  mint.send({ ...books, at: 5n });
  const check = async (at: { url: string }) => {
    await until('all of it', async () => (await get<Epochs>(at, '/api/epochs')).sats !== null);
    const { epochs, sats, total, tip: height } = await get<Epochs>(at, '/api/epochs?page=1&limit=2');
    assert.deepEqual([total, height, sats?.reserve_sat, sats?.owed_ehash_sat], [3, 215, '600', '900']);
    assert.deepEqual(
      epochs.map(({ opened_height, state, overdue_blocks, price }) => [
        opened_height,
        state,
        overdue_blocks,
        price,
      ]),
      [
        [110, 'open', 0, null],
        // What it would be at its fee of one in a hundred, rounded down.
        [100, 'maturing', 5, { payable_sat: '4950000001', work: String(1n << 70n), is_fixed: false }],
      ],
    );
    const [last] = (await get<Epochs>(at, '/api/epochs?page=2&limit=2')).epochs;
    assert.deepEqual([last?.pool, last?.price?.is_fixed, last?.owed_sat], [POOL, true, '2498']);
    assert.deepEqual([last?.redeemed, last?.redeemed_sat], ['60', '1000'], 'by its holders');
    assert.deepEqual([last?.auto_paid, last?.auto_paid_sat], ['30', '500']);
    assert.deepEqual([sats?.coinbase_balances, sats?.coinbase_sat], [2, '400']);
  };
  await check(service);
  const { tcpPort } = service;
  await service.close();
  await check(await startService(t, { tcpPort }));
});

test('bad pages of epochs are refused with the field', async (t) => {
  const service = await startService(t);
  for (const [query, field] of [
    ['page=0', 'page'],
    ['limit=501', 'limit'],
    ['hours=1', 'hours'],
  ]) {
    const response = await fetch(`${service.url}/api/epochs?${query}`);
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as { field: string }).field, field);
  }
});

test('what becomes of an epoch is an event and a metric', async (t) => {
  const service = await startService(t);
  const mint = startRole(t, service.tcpPort, { role: 'mint' });
  mint.send(epoch(90, 'open'));
  mint.send(epoch(100, 'provisional', { due_height: 105 }));
  const given = { redeemed: 8n, redeemed_sat: 11n, auto_paid: 3n, auto_paid_sat: 4n };
  mint.send(epoch(90, 'open', { gifts_sat: 21n, ...given }));
  mint.send(epoch(100, 'stranded'));
  mint.send(epoch(110, 'unproven', { due_height: 112 }));
  mint.send(tip(120));
  mint.send({ ...reports, at: 5n });
  mint.send({ ...books, at: 5n });
  const metrics = async () => (await fetch(`${service.url}/metrics`)).text();
  await until('the books', async () => (await metrics()).includes('hashpool_epoch_reserve_sats 600'));
  const text = await metrics();
  for (const line of [
    'epochs{state="stranded"} 1',
    'epochs{state="open"} 1',
    'epoch_overdue_blocks 8',
    'epoch_gifts_sats 21',
    'epoch_liability_sats{of="ecash"} 700',
    'epoch_liability_sats{of="ehash"} 900',
    'epoch_opened_height 110',
    'epoch_redeemed_ehash 5',
    'epoch_redeemed_sats 7',
    'epoch_auto_paid_ehash 3',
    'epoch_auto_paid_sats 4',
    'coinbase_payout_balances 2',
    'coinbase_payout_sats 400',
    'report_number 7',
    'report_height 118',
    'report_due_epochs 1',
    'report_failures_total 2',
    'report_samples_due 3',
    'report_proven_sats 500',
  ]) {
    assert.ok(text.includes(`\nhashpool_${line}\n`), line);
  }
  mint.send({ ...books, at: 6n, is_reserve_known: 0 });
  await until('no reserve', async () => !(await metrics()).includes('hashpool_epoch_reserve_sats'));
  const { events } = await get<Events>(service, '/api/events');
  const told = events.filter(({ kind }) => kind.startsWith('epoch-'));
  assert.deepEqual(
    told.map(({ kind, severity }) => [kind, severity]),
    [
      ['epoch-stranded', 'critical'],
      ['epoch-gift', 'warning'],
    ],
  );
});

test('a mint that tells of ever more epochs fills no memory', () => {
  const board = new EpochBoard(new EventLog([], Date.now));
  for (let height = 1; height <= MAX_EPOCHS + 5; height++) board.epoch(epoch(height, 'open'));
  assert.equal(board.all.length, MAX_EPOCHS);
  assert.equal(board.all.at(-1)?.opened_height, 6);
});

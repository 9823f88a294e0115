import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { refusals } from '../../../../protocols/sv1/errors.ts';
import { Collector } from '../../../../roles/translator/collector.ts';
import { LockKeys } from '../../../../roles/translator/lock-keys.ts';
import { StatusLine } from '../../../../roles/translator/status-line.ts';
import { countRefusal, newShareCounts } from '../../../../roles/translator/sv1-server/share-answer.ts';
import { eventually } from '../../../harness/fake-pool.ts';

const log = pino({ level: 'silent' });
const balanceOf = (...amounts: bigint[]) =>
  amounts.map((amount, index) => ({ unit: `hash_${index}`, amount, waiting: 3n, reserved: 0n, sent: 0n }));
const nothingHeldBack = async () => ({ refusedQuotes: [], stuck: [] });

test('it collects, redeems and tells its figures again and again, whatever the mint does in between', async (t) => {
  let round = 0;
  let redeemed = 0;
  const told: string[] = [];
  const collector = new Collector(
    {
      collect: async () => {
        round++;
        if (round === 1) throw new Error('the mint is away');
        return { minted: 1n, waiting: BigInt(round) };
      },
      balance: async () => balanceOf(BigInt(round), 10n),
      units: async () => [`hash_${round}`],
      redeem: async () => {
        redeemed++;
        return [];
      },
      troubles: async () =>
        round === 2
          ? { refusedQuotes: [], stuck: [{ unit: 'hash_0', reason: 'rubbish' }] }
          : nothingHeldBack(),
    },
    { intervalMs: 20, redeems: true, log, onUnits: (units) => told.push(...units) },
  );
  t.after(() => collector.close());
  await eventually(() => collector.trouble !== undefined, 'the trouble');
  assert.equal(collector.trouble, 'the mint is away');
  assert.equal(redeemed, 1);
  assert.deepEqual(collector.figures, { walletEhash: 11n, ehashWaiting: 6n });
  await eventually(() => collector.trouble === 'an operation hangs: rubbish', 'what hangs');
  await eventually(() => collector.trouble === undefined, 'the end of it');
  assert.deepEqual(told.slice(0, 3), ['hash_1', 'hash_2', 'hash_3']);
});

test('where it is told to, it turns into sats what can be redeemed, and counts no sats as ehash', async (t) => {
  let redeemed = 0;
  const collector = new Collector(
    {
      collect: async () => ({ minted: 0n, waiting: 0n }),
      balance: async () => [
        ...balanceOf(8n),
        { unit: 'sat', amount: 500n, waiting: 0n, reserved: 0n, sent: 0n },
      ],
      units: async () => [],
      redeem: async () => {
        redeemed++;
        return [{ unit: 'hash_0', ehash: 4n, sats: 500n }];
      },
      troubles: nothingHeldBack,
    },
    { intervalMs: 1, redeems: true, log, onUnits: () => undefined },
  );
  t.after(() => collector.close());
  await eventually(() => collector.figures.walletEhash === 8n, 'the figures');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(redeemed, 1, 'not with every round');
});

test('after closing no other round begins', async () => {
  let rounds = 0;
  let finish: () => void = () => undefined;
  const wallet = {
    collect: () =>
      new Promise<{ minted: bigint; waiting: bigint }>((resolve) => {
        rounds++;
        finish = () => resolve({ minted: 0n, waiting: 0n });
      }),
    balance: async () => [],
    units: async () => [],
    redeem: async () => [],
    troubles: nothingHeldBack,
  };
  const collector = new Collector(wallet, { intervalMs: 1, redeems: false, log, onUnits: () => undefined });
  await eventually(() => rounds === 1, 'the round');
  collector.close();
  finish();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(rounds, 1);
});

test('the status is told when it changed, and only then', (t) => {
  const told: unknown[] = [];
  const shares = newShareCounts();
  const collector: Pick<Collector, 'figures' | 'trouble'> = {
    figures: { walletEhash: 5n, ehashWaiting: 7n },
    trouble: 'the mint is away',
  };
  const status = new StatusLine(
    { status: (...line) => told.push(line) },
    { server: { minerCount: 2 }, collector, shares },
  );
  t.after(() => status.close());
  status.linkIs('connected to pool');
  status.linkIs('connected to pool');
  countRefusal(shares, refusals.stale);
  status.linkIs('connected to pool');
  const figures = {
    miners: 2,
    shares_accepted: 0,
    shares_rejected: 0,
    shares_lost: 0,
    wallet_ehash: 5n,
    ehash_waiting: 7n,
  };
  assert.deepEqual(told, [
    ['waiting for pool; the mint is away', figures],
    ['connected to pool; the mint is away', figures],
    ['connected to pool; the mint is away', { ...figures, shares_rejected: 1, rejected_stale: 1 }],
  ]);
});

test('keys of the wallet are asked for by purposes that never repeat, and a spare one is used first', async () => {
  const purposes: string[] = [];
  const keys = new LockKeys({
    keyForChannel: async (purpose) => {
      purposes.push(purpose);
      return Uint8Array.of(purposes.length);
    },
  });
  const first = await keys.take();
  const second = await keys.take();
  assert.equal(new Set(purposes).size, 2);
  keys.giveBack(first);
  assert.equal(await keys.take(), first);
  assert.notEqual(await keys.take(), second);
  assert.equal(purposes.length, 3);
});

test('an epoch begins where the mint signs other units than before, and not before it was heard of', () => {
  const keys = new LockKeys({ keyForChannel: async () => new Uint8Array(33) });
  const epochs = [[], ['hash_1'], ['hash_1'], [], ['hash_1', 'hash_2'], ['hash_2']].map((units) => {
    keys.noteUnits(units);
    return keys.epoch;
  });
  assert.deepEqual(epochs, [0, 0, 0, 0, 1, 2]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAutoPayout } from '../../../../commands/appliance/auto-payout-action.ts';
import type { AutoPayout, Wallet } from '../../../../services/wallet/wallet.ts';

const KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const HPUB = 'hpub1qfumuen7l8wthtz45p3ftn58pvrs9xlumvkuu2xet8egzkcklqtes9s6pqw';

const STANDING: AutoPayout = {
  key: KEY,
  counter: 1,
  address: 'bcrt1qaddress',
  threshold: 0n,
  balance: 150n,
  credited: 1_000n,
  payments: [
    { sats: 500n, paid: undefined, outpoint: undefined },
    { sats: 400n, paid: 350n, outpoint: 'ab:0' },
  ],
};

type Part = Pick<Wallet, 'startAutoPayout' | 'endAutoPayout' | 'autoPayout'>;

/** A wallet that notes what it is asked. */
function scene(standing: AutoPayout | undefined = STANDING) {
  const asked: unknown[] = [];
  const wallet: Part = {
    startAutoPayout: async (order) => {
      asked.push(['start', order]);
      return STANDING;
    },
    endAutoPayout: async (choice) => {
      asked.push(['end', choice]);
      return { ...STANDING, address: undefined, payments: [] };
    },
    autoPayout: async (choice) => {
      asked.push(['show', choice]);
      return standing;
    },
  };
  return { wallet, asked };
}

test('auto-payout registers, shows and ends', async () => {
  const { wallet, asked } = scene();
  const on = await runAutoPayout(wallet, '', { address: 'bcrt1qaddress', threshold: '50000' });
  assert.match(
    on.words,
    new RegExp(`^key +${HPUB}\npaid to +bcrt1qaddress\nfrom +the least that the mint pays\n`),
  );
  assert.match(on.words, /owed +150 sat\ncredited in all +1000 sat\n/);
  assert.match(on.words, /500 +under way/);
  assert.match(on.words, /400 +350 +ab:0/);
  assert.equal(on.json, STANDING);
  await runAutoPayout(wallet, 'show', { key: HPUB });
  const off = await runAutoPayout(wallet, 'off', {});
  assert.match(off.words, /paid to +nowhere: its ehash is minted, and what is owed waits for an address/);
  assert.deepEqual(asked, [
    ['start', { key: undefined, address: 'bcrt1qaddress', threshold: 50_000n }],
    ['show', { key: KEY }],
    ['end', { key: undefined }],
  ]);
});

test('a key that was never registered is said to be minted', async () => {
  const { wallet } = scene();
  const none = { ...wallet, autoPayout: async () => undefined };
  assert.match((await runAutoPayout(none, 'show', {})).words, /never registered/);
});

test('what makes no sense is a mistake on the command line', async () => {
  const { wallet, asked } = scene();
  const cases = [
    ['', {}, /--address is missing/],
    ['', { address: 'a', threshold: '0' }, /--threshold 0/],
    ['', { address: 'a', threshold: 'much' }, /--threshold much/],
    ['show', { address: 'a' }, /auto-payout show takes no --address/],
    ['of', {}, /auto-payout of: say show or off/],
    ['off', { key: 'nobody' }, /--key nobody: a public key is wanted/],
  ] as const;
  for (const [verb, options, words] of cases) {
    await assert.rejects(runAutoPayout(wallet, verb, options), { code: 'usage', message: words });
  }
  assert.deepEqual(asked, []);
});

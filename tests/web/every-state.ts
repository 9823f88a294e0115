import assert from 'node:assert/strict';
import { EPOCH_STATES } from '../../protocols/stats/messages.ts';
import type { Block, Blocks } from '../../services/stats/api/schemas/blocks.ts';
import type { Epochs } from '../../services/stats/api/schemas/epochs.ts';
import type { WalletView } from '../../services/stats/api/schemas/wallet.ts';
import { BLOCK_STATES } from '../../services/stats/store/batch.ts';
import { openPage, phone, tooWide } from '../harness/browser.ts';
import { barriers } from '../harness/browser-axe.ts';
import type { Scene } from './scene.ts';
import { visit } from './tour.ts';

const ISSUER = `02${'ab'.repeat(32)}`;
const HEIGHT = 912_345;
const EHASH = '28311552123456';
const SATS = '2099999997';
const STATES = EPOCH_STATES.length;

type Balance = WalletView['balances'][number];

/** A wallet that holds much of an epoch in every state, and sats. */
function fullWallet(): WalletView {
  const ehash = EPOCH_STATES.map((state, k): Balance => {
    const epoch = { state, redeemable_from: HEIGHT + 1_000, redeemable_before: null, price: null };
    const unit = `hash_${ISSUER}_${HEIGHT + k}`;
    return { unit, amount: EHASH, waiting: EHASH, reserved: '0', sent: '0', epoch };
  });
  const sats: Balance = { unit: 'sat', amount: SATS, waiting: '0', reserved: '0', sent: '0', epoch: null };
  const balances = [sats, ...ehash];
  return { as_of: Date.now(), available: true, why: '', balances, history: [], next: null };
}

/** A block in every state; the chain has not shown the first. */
function allBlocks(): Blocks {
  const blocks = BLOCK_STATES.map(
    (state, k): Block => ({
      hash: `${k}`.repeat(64),
      height: k === 0 ? null : HEIGHT - k,
      state,
      confirmations: 5,
      found_at: Date.now() - k * 86_400_000,
      value_sat: SATS,
      miner_id: null,
      miner: '',
    }),
  );
  return { as_of: Date.now(), page: 1, limit: blocks.length, total: blocks.length, blocks };
}

/** An epoch in every state, books that have all there is, and reports. */
function allEpochs(): Epochs {
  const at = Date.now();
  const heights = { closed_height: HEIGHT + 1, due_height: HEIGHT + 101, redeemable_from: HEIGHT + 101 };
  const ehash = { work: EHASH, issued: EHASH, outstanding: EHASH, redeemed: EHASH, auto_paid: EHASH };
  const sats = { gifts_sat: SATS, reward_sat: SATS, redeemed_sat: SATS, auto_paid_sat: SATS, owed_sat: SATS };
  const epochs = EPOCH_STATES.map((state, k) => ({
    ...{ unit: `hash_${ISSUER}_${HEIGHT - k}`, pool: ISSUER, state, as_of: at, opened_height: HEIGHT - k },
    ...{ due_at: at, overdue_blocks: 0, redeemable_before: HEIGHT + 52_661, fee_ppm: 10_000 },
    ...{ minimum_difficulty: 32, quotes: EHASH, price: { payable_sat: SATS, work: EHASH, is_fixed: true } },
    ...{ ...heights, ...ehash, ...sats, dust_sat: SATS },
  }));
  return {
    ...{ as_of: at, page: 1, limit: 10, total: epochs.length, tip: HEIGHT + 5, epochs },
    sats: {
      ...{ as_of: at, reserve_sat: SATS, owed_sat: SATS, owed_ehash_sat: SATS, fees_sat: SATS },
      ...{ dust_sat: SATS, expired_sat: SATS, carried_sat: SATS, coinbase_balances: 210, coinbase_sat: SATS },
    },
    reports: {
      ...{ as_of: at, last: { number: 7, height: HEIGHT, proven_sat: SATS } },
      ...{ due: 1, failed: 2, samples_due: 3 },
    },
  };
}

/** Shows rows and cards in every state on a phone: answers of ours are put in the place of the service's. */
export async function showEveryState({ browser, appliance: { dashboards } }: Scene): Promise<void> {
  const shown = [
    { url: dashboards.proxy, route: 'wallet', rows: 'tbody tr', count: 1 + STATES, answer: fullWallet() },
    {
      url: dashboards.pool,
      route: 'blocks',
      rows: 'tbody tr',
      count: BLOCK_STATES.length,
      answer: allBlocks(),
    },
    { url: dashboards.pool, route: 'epochs', rows: '.card', count: 1 + STATES, answer: allEpochs() },
  ];
  for (const { url, route, rows, count, answer } of shown) {
    const { page, picture, troubles } = await openPage(browser, url, phone);
    await page.route(`**/api/${route}*`, (asked) => asked.fulfill({ json: answer }));
    await visit(page, route);
    assert.equal(await page.locator(rows).count(), count);
    assert.deepEqual(await tooWide(page), [], route);
    assert.deepEqual(await barriers(page), [], route);
    assert.deepEqual(troubles, []);
    await picture(`every-state-${route}-phone`);
    await page.context().close();
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { showEveryState } from './every-state.ts';
import { announceBlock, MARKUP_NAME, openScene, type Scene } from './scene.ts';
import { type Side, tour } from './tour.ts';
import { compareSums, use } from './use.ts';

/** A minute and a half on a quiet machine with two cores. */
const LIMIT_MS = 580_000;
/** A part that fails is named within ten seconds; a busy machine gets three times that. */
const PATIENCE_MS = 30_000;

/** Waits until the verdict on a page says something. */
async function verdict(page: Page, words: RegExp): Promise<void> {
  await page
    .getByRole('region', { name: 'Verdict' })
    .getByText(words)
    .first()
    .waitFor({ timeout: PATIENCE_MS });
}

/** Looks at both dashboards, all that is said of one state. */
async function both(
  scene: Scene,
  state: string,
  overviews: Record<Side, (page: Page) => Promise<void>>,
  thorough = false,
): Promise<void> {
  for (const side of ['pool', 'proxy'] as const) {
    await tour(scene.browser, side, scene.appliance.dashboards[side], {
      state,
      thorough,
      overview: overviews[side],
    });
  }
}

/** Halts a role's process, as one that hangs, while `look` looks. */
async function halted(scene: Scene, role: string, look: () => Promise<void>): Promise<void> {
  const { pid } = scene.appliance.role(role);
  assert.ok(pid !== undefined, `${role} runs`);
  process.kill(pid, 'SIGSTOP');
  try {
    await look();
  } finally {
    // After a minute without a sign of life the supervisor has put another one in its place.
    if (scene.appliance.role(role).pid === pid) process.kill(pid, 'SIGCONT');
  }
}

test('the dashboards in every state', { timeout: LIMIT_MS }, async (t) => {
  const scene = await openScene(t);

  await t.test('fresh: empty pages say what to do next', async () => {
    await both(scene, 'fresh', {
      pool: async (page) => {
        await verdict(page, /All good/);
        await page.getByText('No miner has connected yet').waitFor();
        await page.getByText('No block yet').waitFor();
      },
      proxy: async (page) => {
        await verdict(page, /All good/);
        await page.getByRole('link', { name: 'See what to enter in your device' }).first().waitFor();
      },
    });
  });

  await t.test('busy: shares, miners, ehash; names are text', async () => {
    await scene.startMiners();
    await scene.appliance.until('ehash in the wallet', () => scene.appliance.figures().wallet > 0n);
    await scene.findBlock();
    const overview = async (page: Page): Promise<void> => {
      await verdict(page, /All good/);
      await page.getByRole('link', { name: MARKUP_NAME }).first().waitFor();
      assert.equal(await page.locator('img').count(), 0);
      await page.locator('.uplot canvas').waitFor();
      await page.getByText('The same share came before').first().waitFor();
    };
    await both(scene, 'busy', { pool: overview, proxy: overview }, true);
  });

  await use(t, scene);

  await t.test('rows in every state fit a phone', () => showEveryState(scene));

  await t.test('pool down: both sides say so, and the devices stay', async () => {
    await halted(scene, 'pool', () =>
      both(scene, 'pool-down', {
        pool: (page) => verdict(page, /Pool/),
        proxy: (page) => verdict(page, /Link to the pool/),
      }),
    );
  });

  await t.test('mint down: shares wait, and both sides say so', async () => {
    await halted(scene, 'mint', () =>
      both(scene, 'mint-down', {
        pool: (page) => verdict(page, /Mint/),
        proxy: (page) => verdict(page, /Mint/),
      }),
    );
  });

  await t.test('chain syncing: the pool says how far it is', async () => {
    await scene.stopMiners();
    await compareSums(scene);
    await announceBlock(scene.appliance.rpc);
    await both(scene, 'syncing', {
      pool: (page) => verdict(page, /syncing: at block \d+ of \d+/),
      proxy: (page) => page.getByRole('region', { name: 'Verdict' }).waitFor(),
    });
  });
});

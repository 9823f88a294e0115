import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { openPage } from '../harness/browser.ts';
import { barriers } from '../harness/browser-axe.ts';
import { readQr } from '../harness/browser-qr.ts';
import { readUr } from '../harness/read-ur.ts';
import { MARKUP_NAME, type Scene } from './scene.ts';
import { visit } from './tour.ts';

const KEY = 'hpub1qfumuen7l8wthtz45p3ftn58pvrs9xlumvkuu2xet8egzkcklqtes9s6pqw';
const GIFT = 1000;
const OWN_TOKEN = 777;
/** A wallet that is behind takes what is left within this. */
const SUMS_MS = 60_000;
const walletEntry = fileURLToPath(new URL('../../commands/wallet.ts', import.meta.url));

/** What people do on the pages of a busy appliance. */
export async function use(t: TestContext, scene: Scene): Promise<void> {
  const { pool, proxy } = scene.appliance.dashboards;
  const open = async (url: string, route = ''): Promise<Page> => {
    const { page } = await openPage(scene.browser, url);
    await visit(page, route);
    return page;
  };

  await t.test('the theme that one chooses stays', async () => {
    const page = await open(pool);
    const theme = (): Promise<string | null> => page.locator('html').getAttribute('data-theme');
    assert.equal(await theme(), null);
    await page.getByRole('button', { name: 'Theme: system' }).click();
    assert.equal(await theme(), 'light');
    await page.reload();
    assert.equal(await theme(), 'light');
    await page.getByRole('button', { name: 'Theme: light' }).click();
    assert.equal(await theme(), 'dark');
    await page.context().close();
  });

  await t.test('everything is within reach of the keyboard', async () => {
    const page = await open(pool);
    await page.keyboard.press('Tab');
    assert.equal(await page.locator(':focus').innerText(), 'Skip to the content');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator(':focus').getAttribute('id'), 'content');

    const chart = page.getByRole('img', { name: /^Hashrate in the/ });
    const shown = page.locator('.legend time');
    await chart.focus();
    await page.keyboard.press('End');
    const last = await shown.getAttribute('datetime');
    await page.keyboard.press('PageUp');
    assert.notEqual(await shown.getAttribute('datetime'), last);

    const term = page.getByRole('button', { name: 'Outbox' });
    await term.focus();
    await page.getByRole('tooltip').getByText('nothing is lost meanwhile').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('tooltip').waitFor({ state: 'detached' });
    await page.context().close();
  });

  await t.test('miners are found by name and lead to a sheet to file', async () => {
    const page = await open(pool, 'miners');
    await page.getByRole('searchbox').fill('img src');
    await page.getByText('1 miner', { exact: true }).waitFor();
    await page.getByRole('link', { name: MARKUP_NAME }).first().click();
    await page.getByRole('heading', { level: 1, name: MARKUP_NAME }).waitFor();
    await page.emulateMedia({ media: 'print' });
    await page.getByText(/^Record of miner \d+, printed/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false);
    assert.equal(await page.getByRole('navigation', { name: 'Pages' }).isVisible(), false);
    assert.ok((await page.pdf({ format: 'A4' })).length > 0);
    await page.context().close();
  });

  await t.test('codes say what stands below them', async () => {
    const page = await open(proxy, 'connect');
    const address = `stratum+tcp://127.0.0.1:${scene.appliance.sv1Port}`;
    const code = (n: number) => page.locator('.qr').nth(n);
    await page.getByText(address).first().waitFor();
    assert.match(await readQr(code(0)), new RegExp(`^stratum\\+tcp://.+:${scene.appliance.sv1Port}$`));
    await page.getByLabel('Your key').fill(KEY);
    await page.getByLabel('Name of the device').fill('lamp');
    await page.getByText('The ehash is locked to this key').waitFor();
    assert.equal(await readQr(code(1)), `${KEY}.lamp`);
    await page.context().close();
  });

  await t.test('the faucet gives a token as text and as a code, and the wallet has less', async () => {
    const page = await open(proxy, 'wallet');
    await page.getByRole('button', { name: 'Give me a token' }).click();
    const token = page.locator('.copy code', { hasText: /^cashuB/ });
    await token.waitFor();
    assert.equal(await readToken(page), await token.innerText());
    await handedOut(page, GIFT);
    await page.context().close();
  });

  await t.test('tokens are for whoever signs in by the key of the wallet, and are told once', async () => {
    const { page, picture } = await openPage(scene.browser, proxy);
    await visit(page, 'wallet');
    const signIn = page.getByRole('button', { name: 'Sign in' });
    await signIn.click();
    const command = page.locator('.copy code', { hasText: /sign-in [0-9a-f]{56}$/ });
    await command.waitFor();
    await page.getByLabel('Its answer').fill('00'.repeat(64));
    await signIn.click();
    await page.getByRole('alert').getByText("not by this wallet's key").waitFor();
    const code = (await command.innerText()).split(' ').at(-1) ?? '';
    await page.getByLabel('Its answer').fill(await walletCommand(scene, 'sign-in', code));
    await picture('proxy-busy-sign-in');
    await signIn.click();
    await page.getByLabel('How much').fill(String(OWN_TOKEN));
    await page.getByRole('button', { name: 'Make a token' }).click();
    const token = page.locator('.copy code', { hasText: /^cashuB/ });
    await token.waitFor();
    const text = await token.innerText();
    assert.equal(await readToken(page), text);
    assert.deepEqual(await barriers(page), []);
    await picture('proxy-busy-token');
    const [cookie] = await page.context().cookies(`${proxy}api/wallet`);
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);
    await handedOut(page, GIFT + OWN_TOKEN);
    assert.ok((await walletCommand(scene, 'balance', '--json')).includes(text));
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn.waitFor();
    assert.equal(await token.count(), 0);
    await page.context().close();
  });

  await t.test('where WebSockets are cut, events come another way', async () => {
    const { page } = await openPage(scene.browser, pool);
    await page.routeWebSocket('**/ws', (socket) => socket.close());
    const feed = page.waitForRequest('**/api/live');
    await page.reload();
    await feed;
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText(/parts checked/).waitFor();
    await page.context().close();
  });

  await t.test('a page outlives its service, and says since when it is not live', async () => {
    const page = await open(pool);
    const { pid } = scene.appliance.role('pool-stats');
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await page.getByText(/^Not live since \d\d:\d\d:\d\d$/).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('region', { name: 'Verdict' }).getByText('All good').waitFor();
    await page.getByRole('link', { name: MARKUP_NAME }).first().waitFor();
    await page.context().close();
  });
}

/** What the animated code of a token says, once all of its parts were seen. */
async function readToken(page: Page): Promise<string> {
  const parts = new Map<string, string>();
  await page.getByRole('button', { name: 'Play' }).click();
  for (let count = 1; parts.size < count; ) {
    const part = await readQr(page.locator('.qr'));
    const [, place = '', of = '1'] = /^UR:BYTES\/(\d+)-(\d+)\//.exec(part) ?? [];
    assert.notEqual(place, '', part);
    parts.set(place, part);
    count = Number(of);
  }
  return readUr([...parts.values()]);
}

/** Waits until the wallet's page tells that tokens of so much were handed out, of whichever epochs. */
async function handedOut(page: Page, sum: number): Promise<void> {
  const cells = page.getByRole('table', { name: 'Balances' }).locator('td:last-child');
  for (const end = Date.now() + SUMS_MS; ; await delay(200)) {
    const shown = (await cells.allInnerTexts()).map((text) => Number(text.replaceAll(',', '')));
    if (shown.reduce((total, part) => total + part, 0) === sum) return;
    assert.ok(Date.now() < end, `handed out: ${shown.join(' + ')}, not ${sum}`);
  }
}

/** Runs a command of the operator's on the wallet of the appliance. */
async function walletCommand(scene: Scene, ...words: string[]): Promise<string> {
  const args = [walletEntry, ...words, '--state', scene.appliance.state.root];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout;
}

/** The sums on the page are those that the mint tells, once nothing changes any more. */
export async function compareSums(scene: Scene): Promise<void> {
  const { page } = await openPage(scene.browser, scene.appliance.dashboards.pool);
  await visit(page, '');
  // An epoch tells of its own part in the same words.
  const panel = page.getByRole('region', { name: 'From shares to' });
  for (const [label, figure] of [
    ['Ehash for them', 'ehash_total'],
    ['of this, taken by wallets', 'ehash_issued'],
  ] as const) {
    const shown = panel.locator('.facts > div', { hasText: label }).locator('[title]');
    const told = (): string =>
      String(scene.appliance.role('mint').figures[figure]).replace(/\B(?=(\d{3})+$)/g, ',');
    for (const end = Date.now() + SUMS_MS; (await shown.getAttribute('title')) !== told(); await delay(200)) {
      assert.ok(Date.now() < end, `${label}: the mint tells ${told()}`);
    }
  }
  await page.context().close();
}

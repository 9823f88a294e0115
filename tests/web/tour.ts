import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { desktop, openPage, phone, tooWide, type WatchedPage } from '../harness/browser.ts';
import { barriers } from '../harness/browser-axe.ts';

export type Side = 'pool' | 'proxy';

/** Every page of a dashboard but those of single miners. */
const pages: Record<Side, readonly string[]> = {
  pool: ['', 'miners', 'blocks', 'epochs', 'events', 'health'],
  proxy: ['', 'devices', 'wallet', 'connect', 'events', 'health'],
};
const listOf: Record<Side, string> = { pool: 'miners', proxy: 'devices' };

export interface TourOptions {
  /** The state that is looked at; pictures are named after it. */
  readonly state: string;
  /** Whether axe-core looks at all pages; else at the overview alone. */
  readonly thorough?: boolean;
  /** Looks at the overview, once it is there. */
  readonly overview: (page: Page) => Promise<void>;
}

/** Longer than the page takes to draw itself anew. */
const DRAWN_MS = 50;

/** Goes to a page of a dashboard and waits until all of it is there. */
export async function visit(page: Page, route: string): Promise<void> {
  await page.evaluate(
    ([hash, ms]) =>
      new Promise<void>((resolve) => {
        location.hash = hash;
        setTimeout(resolve, ms);
      }),
    [`#/${route}`, DRAWN_MS] as const,
  );
  await page.locator('h1').waitFor();
  await page.locator(':root:has(.skeleton)').waitFor({ state: 'detached' });
}

/** Looks at every page of a side in both themes and on a phone: nothing may log an error, be too wide or keep people out. */
export async function tour(browser: Browser, side: Side, url: string, options: TourOptions): Promise<void> {
  const watched = await openPage(browser, url);
  const { page, troubles } = watched;
  await page.getByText('Live', { exact: true }).waitFor();
  await visit(page, '');
  await options.overview(page);
  for (const route of [...pages[side], ...(await minerRoutes(page, side))]) {
    await visit(page, route);
    await lookAt(
      watched,
      `${side}-${options.state}-${nameOf(route)}`,
      route === '' || options.thorough === true,
    );
  }
  assert.deepEqual(troubles, []);
  await page.context().close();
}

/** Waits until a page has drawn itself at its new size. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

async function lookAt(watched: WatchedPage, name: string, hasAxe: boolean): Promise<void> {
  const { page, picture } = watched;
  const views = [
    ['dark', desktop],
    ['light', { ...desktop, theme: 'light' }],
    ['phone', phone],
    ...(hasAxe ? ([['wall', { width: 3840, height: 2160, theme: 'dark' }]] as const) : []),
  ] as const;
  for (const [what, { width, height, theme }] of views) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await drawn(page);
    assert.deepEqual(await tooWide(page), [], `${name} is wider than ${width} pixels`);
    if (hasAxe && width === desktop.width) assert.deepEqual(await barriers(page), [], `${name}, ${what}`);
    await picture(`${name}-${what}`);
  }
  await page.setViewportSize(desktop);
}

/** The page of the first miner that the service knows. */
async function minerRoutes(page: Page, side: Side): Promise<string[]> {
  const answer = await page.request.get(new URL('api/miners', page.url()).href);
  const { miners } = (await answer.json()) as { miners: readonly { readonly id: number }[] };
  return miners.slice(0, 1).map(({ id }) => `${listOf[side]}/${id}`);
}

function nameOf(route: string): string {
  return route === '' ? 'overview' : route.replace(/\/\d+$/, '-page');
}

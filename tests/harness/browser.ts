import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** How a page is looked at. */
export interface View {
  readonly width: number;
  readonly height: number;
  readonly theme: 'dark' | 'light';
}

export const desktop: View = { width: 1440, height: 900, theme: 'dark' };
export const phone: View = { width: 360, height: 780, theme: 'light' };

/** A page, and everything that went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors and warnings, uncaught errors, refused requests, in the order in which they came. */
  readonly troubles: string[];
  /** Keeps a picture of all of the page for people to look at; returns its path. */
  picture(name: string): Promise<string>;
}

const pictures = fileURLToPath(new URL('../../.state/screenshots', import.meta.url));
const PATIENCE_MS = 30_000;

/** Debian's chromium, which tests/web needs. */
function chromiumPath(): string {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = join(folder, 'chromium');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder: the next one.
    }
  }
  throw new Error('tests/web needs chromium on the PATH: apt-get install chromium');
}

/** Starts a browser that ends with the test. */
export async function openBrowser(t: TestContext): Promise<Browser> {
  // A container has no user namespaces for chromium's own sandbox; pages are this project's alone.
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  t.after(() => browser.close());
  return browser;
}

/** Opens a page of its own in a browser, as if for the first time. */
export async function openPage(browser: Browser, url: string, view: View = desktop): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height },
    colorScheme: view.theme,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
  });
  return watch(context, url);
}

async function watch(context: BrowserContext, url: string): Promise<WatchedPage> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`uncaught: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()}: ${response.url()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host) troubles.push(`foreign request: ${request.url()}`);
  });
  await page.goto(url);
  return {
    page,
    troubles,
    picture: async (name) => {
      mkdirSync(pictures, { recursive: true });
      const path = join(pictures, `${name}.png`);
      await page.screenshot({ path, fullPage: true });
      return path;
    },
  };
}

/** What on a page is wider than the window, the innermost last; nobody scrolls sideways. */
export async function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > clientWidth)
      .map((element) => element.outerHTML.slice(0, 120));
  })()`);
}

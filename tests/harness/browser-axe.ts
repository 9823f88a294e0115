import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

/** A finding of axe-core. */
interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const source = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const serious = new Set(['serious', 'critical']);
const MAX_HTML = 160;

/** What keeps people with a screen reader, a keyboard or weak eyes from using a page, one line each. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const violations = await page.evaluate<Violation[]>(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
  );
  return violations
    .filter(({ impact }) => serious.has(impact))
    .flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ html, failureSummary = '' }) => `${id}: ${help}: ${html.slice(0, MAX_HTML)} ${failureSummary}`,
      ),
    );
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { importsOf, toBrowserModule } from '../../../services/stats/dashboard/browser-module.ts';
import { type DashboardSide, readDashboard } from '../../../services/stats/dashboard/files.ts';
import { dashboardPage } from '../../../services/stats/dashboard/page.ts';

const MAX_GZIP_BYTES = 150_000;
const sides: readonly DashboardSide[] = ['pool', 'proxy'];

for (const side of sides) {
  const dashboard = readDashboard(side);
  const page = dashboardPage(side, dashboard);

  test(`the ${side}'s dashboard comes to less than 150 kB gzipped`, () => {
    const sizes = [...dashboard.files.values()].map(({ gzip }) => gzip.length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total < MAX_GZIP_BYTES, `${total} bytes`);
    for (const { body, gzip } of dashboard.files.values()) assert.deepEqual(gunzipSync(gzip), body);
  });

  test(`the ${side}'s dashboard asks nobody else for anything`, () => {
    for (const [path, { body }] of dashboard.files) {
      const text = path.startsWith('packages/') ? '' : body.toString();
      assert.deepEqual(
        text.match(/(https?:)?\/\/(?!www\.w3\.org\/2000\/svg)[a-z0-9-]+\.[a-z]+/gi) ?? [],
        [],
        path,
      );
    }
    assert.doesNotMatch(page.html, /(src|href)="(https?:|\/)/);
  });

  test(`what the ${side}'s page names is there, and each import of each module`, () => {
    const named = [...page.html.matchAll(/(?:src|href)="assets\/([0-9a-f]+)\/([^"]+)"/g)];
    assert.ok(named.length > 20);
    for (const [, digest, path = ''] of named) {
      assert.equal(digest, dashboard.digest);
      assert.ok(dashboard.files.has(path), path);
    }
    for (const path of dashboard.packages.values()) assert.ok(dashboard.files.has(path), path);
  });

  test(`the ${side}'s policy lets in its own import map and no other inline script`, () => {
    const inline = [...page.html.matchAll(/<script([^>]*)>([^<]+)<\/script>/g)];
    assert.equal(inline.length, 1);
    const hash = createHash('sha256')
      .update(inline[0]?.[2] ?? '')
      .digest('base64');
    assert.ok(page.contentSecurityPolicy.includes(`script-src 'self' 'sha256-${hash}';`));
    assert.doesNotMatch(page.contentSecurityPolicy, /unsafe|\*|data:/);
    assert.doesNotMatch(page.html, /\son[a-z]+=|\sstyle=/);
  });
}

test('types are blanked out, and what they were imported for is not asked for', () => {
  const code = toBrowserModule(
    "import type { A } from './a.ts';\nimport { b, type C } from './b.ts';\nexport const d: A | C = b satisfies unknown;\n",
  );
  assert.deepEqual(importsOf(code), ['./b.ts']);
  assert.doesNotMatch(code, /satisfies|: A/);
  assert.equal(code.split('\n').length, 4);
  assert.throws(() => toBrowserModule('enum A { B }'), SyntaxError);
});

test('imports are found however a package writes them', () => {
  const code =
    'import{options as n}from"preact";var a=1;export*from\'./x.js\';import "./y.js";\nexport { z } from "z";';
  assert.deepEqual(importsOf(code), ['preact', './x.js', './y.js', 'z']);
  assert.deepEqual(importsOf('const text = "no import from here";'), []);
});

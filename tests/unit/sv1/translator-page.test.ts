import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { minerMethods, ourMethods } from '../../../protocols/sv1/methods.ts';
import { methods } from '../../../roles/translator/sv1-server/methods.ts';
import { heading, methodsSection, page } from '../../../scripts/print-sv1.ts';

test('docs/translator.md shows the tables as they are declared', () => {
  const [, section = ''] = readFileSync(page, 'utf8').split(`${heading}\n`);
  assert.equal(`${heading}\n${section}`, methodsSection(), 'run node scripts/print-sv1.ts --write');
});

test('what is answered is what the table says, and no method has both directions', () => {
  assert.deepEqual(Object.keys(methods).sort(), Object.keys(minerMethods).sort());
  for (const method of Object.keys(ourMethods)) assert.ok(!(method in minerMethods), method);
});

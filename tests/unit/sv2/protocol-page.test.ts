import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { heading, messagesSection, page } from '../../../scripts/print-protocol.ts';

test('docs/protocol.md shows the tables as they are declared', () => {
  const [, section = ''] = readFileSync(page, 'utf8').split(`${heading}\n`);
  assert.equal(`${heading}\n${section}`, messagesSection(), 'run node scripts/print-protocol.ts --write');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_TEMPLATES, STALE_LIFE_MS, TemplateBook } from '../../../../domain/templates/template-book.ts';

test('ids grow, also over a restart a millisecond later', () => {
  const book = new TemplateBook<string>(1_700_000_000_000);
  const ids = ['a', 'b', 'c'].map((template) => book.add(template));
  assert.deepEqual(ids, [...new Set(ids)].sort());
  const restarted = new TemplateBook<string>(1_700_000_000_001);
  assert(restarted.add('d') > (ids[2] ?? 0n));
  assert(restarted.add('e') < 1n << 64n);
});

test('a template is current until the tip changes, then stale for ten seconds, then forgotten', () => {
  const book = new TemplateBook<string>(0);
  const id = book.add('old');
  assert.deepEqual(book.find(id, 0), { template: 'old', isStale: false });
  book.retireAll(1_000);
  const next = book.add('new');
  assert.deepEqual(book.find(id, 1_000 + STALE_LIFE_MS - 1), { template: 'old', isStale: true });
  assert.equal(book.find(id, 1_000 + STALE_LIFE_MS), undefined);
  assert.deepEqual(book.find(next, 50_000), { template: 'new', isStale: false });
  assert.equal(book.find(12n, 0), undefined);
});

test('a second new tip does not lengthen the life of the first one', () => {
  const book = new TemplateBook<string>(0);
  const id = book.add('old');
  book.retireAll(0);
  book.retireAll(STALE_LIFE_MS - 1);
  assert.equal(book.find(id, STALE_LIFE_MS), undefined);
});

test('the oldest go where there are too many', () => {
  const book = new TemplateBook<number>(0);
  const ids = Array.from({ length: MOST_TEMPLATES + 1 }, (_, i) => book.add(i));
  assert.equal(book.find(ids[0] ?? 0n, 0), undefined);
  assert.equal(book.find(ids[1] ?? 0n, 0)?.template, 1);
});

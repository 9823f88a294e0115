import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { watchSource } from '../../../../roles/pool/stale-work.ts';

const LIMIT_SEC = 0.2;

it('miners are sent away once the template provider was away for long, and not while it is there', async (t) => {
  const source = { isServed: true };
  let lost = 0;
  const watch = watchSource(source, LIMIT_SEC, { loseSource: () => void lost++ });
  t.after(() => watch.close());
  await delay(2 * LIMIT_SEC * 1000);
  assert.equal(lost, 0);
  source.isServed = false;
  while (lost === 0) await delay(10);
  source.isServed = true;
  await delay(LIMIT_SEC * 1000);
  const before = lost;
  await delay(2 * LIMIT_SEC * 1000);
  assert.equal(lost, before);
});

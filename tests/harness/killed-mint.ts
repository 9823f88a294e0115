import assert from 'node:assert/strict';
import { auditEpochs } from './epoch-audit.ts';
import { isAlive } from './is-alive.ts';
import type { TestMintProcess } from './mint.ts';
import { until } from './template-client.ts';

/** Starts a mint to be killed at a point, and once more to live; its books then agree. */
export async function startThrough(mint: TestMintProcess, point: string): Promise<void> {
  const before = mint.output.length;
  await mint.start(point).catch(() => undefined);
  const { pid } = mint;
  await until(() => !isAlive(pid), `end at ${point}: ${mint.output.slice(before)}`);
  await mint.start();
  assert.deepEqual(auditEpochs(mint.databasePath), [], point);
}

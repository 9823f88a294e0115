import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { schema } from '../../../roles/mint/store/schema.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { closeEpoch } from '../../harness/close-epoch.ts';
import { openTestMint } from './support.ts';

const HEIGHT = 300;

test('epochs that share a reward are in one report, however many prices there are', async (t) => {
  const { engine, curve, path, unit } = await openTestMint(t, 101);
  for (const height of [7, 8]) {
    const poolId = curve.publicKey(randomBytes(32));
    await engine.epochs.openFirst({ poolId, height, policy: 'target', minimumDifficulty: 0 });
  }
  const first = (await engine.store.call('epochByUnit', unit))?.epoch;
  const [heir, lost] = engine.epochs.all.map(({ epoch }) => epoch).filter((epoch) => epoch !== first);
  assert.ok(first !== undefined && heir !== undefined && lost !== undefined);
  for (const epoch of [first, heir]) closeEpoch(path, epoch, 5n);
  const db = openPlace(path, schema);
  db.prepare("UPDATE epochs SET standing = 'stranded', merged_into = ? WHERE epoch = ?").run(heir, lost);
  db.close();
  assert.equal(await engine.store.call('fixPrice', { epochs: [first], height: HEIGHT }), true);
  assert.equal(await engine.store.call('fixPrice', { epochs: [heir, lost], height: HEIGHT }), true);
  const reported = async (limit: number) =>
    (await engine.store.call('unreported', limit)).map(({ epoch }) => epoch.epoch);
  assert.deepEqual(await reported(1), [first]);
  assert.deepEqual(await reported(2), [first, heir, lost]);
  const figures = await engine.store.call('reportFigures', null);
  assert.deepEqual(figures, { number: 0, provenSats: 0n, due: 3, samplesDue: 0 });
});

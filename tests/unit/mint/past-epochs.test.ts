import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { createLog } from '../../../runtime/logs.ts';
import { inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { apiConfig, openWeb, requestsTo } from './web.ts';

const PAST = 10_000;
/** Most that the mint keeps of what is past. */
const KEPT = 256;

test('with 10,000 epochs past a mint keeps, reads and lists no more keys than with none', async (t) => {
  const mint = await openWeb(t);
  const { engine } = mint;
  const [before, keysBefore, infoBefore] = [
    engine.keysets.held,
    (await mint.get('/v1/keys')).body,
    (await mint.get('/v1/info')).body,
  ];
  const ids = Array.from(
    { length: PAST },
    (_, i) => `01${createHash('sha256').update(`${i}`).digest('hex')}`,
  );
  const db = openPlace(mint.path, schema);
  const epoch = db.prepare(`
    INSERT INTO epochs (epoch, pool_id, opened_height, unit, policy, minimum_difficulty, is_final, opened_hash, standing,
      closed_hash, closed_height, reward, priced_height, priced_reward, priced_fee, priced_work)
    VALUES (?, ?, ?, ?, 'target', 0, 1, ?, 'live', ?, ?, 50, ?, 50, 0, '1')`);
  const keyset = db.prepare(`
    INSERT INTO keysets (keyset, id, unit, epoch, derivation_index, is_active, public_keys) VALUES (?, ?, ?, ?, 0, 0, ?)`);
  const publicKeys = Buffer.concat((await engine.keysets.find(mint.keysetId))?.publicKeys ?? []);
  const [poolId, hash] = [mint.poolId, (i: number) => createHash('sha256').update(`block ${i}`).digest()];
  inTransaction(db, () => {
    ids.forEach((id, i) => {
      const [row, height, unit] = [1_000 + i, 1_000 + i, `past_${i}`];
      epoch.run(row, poolId, height, unit, hash(i), hash(i + 1), height + 1, height + 101);
      keyset.run(row, id, unit, row, publicKeys);
    });
  });
  db.close();

  await mint.restart();
  const http = cashuApi({ config: apiConfig, engine: mint.engine, log: createLog('test', 'silent') });
  t.after(() => http.close());
  const again = requestsTo(http);
  const { store, keysets, epochs } = mint.engine;
  assert.equal(keysets.held, before, 'in memory');
  assert.equal((await store.call('signingKeysets', null)).length, before, 'read at a start');
  assert.equal((await store.call('epochs', null)).length, epochs.all.length);
  assert.equal(epochs.all.length, 1);
  assert.deepEqual((await again.get('/v1/keys')).body, keysBefore);
  const { time: _, ...info } = (await again.get('/v1/info')).body;
  const { time: __, ...wanted } = infoBefore;
  assert.deepEqual(info, wanted);

  const { body } = await again.get('/v1/keysets');
  const listed = body['keysets'];
  assert.ok(Array.isArray(listed));
  assert.equal(listed.length, PAST + 1, 'NUT-02 lists them all');
  assert.deepEqual(listed.at(-1), {
    ...{ id: ids.at(-1), unit: `past_${PAST - 1}`, active: false, input_fee_ppk: 0, final_expiry: null },
  });
  assert.equal(keysets.held, before, 'a list has no keys');

  for (const id of ids.slice(0, KEPT + 50)) {
    const one = await again.get(`/v1/keys/${id}`);
    assert.equal(one.status, 200);
  }
  assert.equal(keysets.held, before + KEPT, 'what was asked for last');
  const many = await keysets.named(ids.slice(0, 1_000).map((keysetId) => ({ keysetId })));
  assert.deepEqual([many.size, keysets.held], [1_000 + before, before + KEPT]);
  assert.equal((await again.get(`/v1/keys/01${'0'.repeat(64)}`)).status, 400);
});

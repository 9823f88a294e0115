import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { newQuoteId } from '../../../protocols/cashu/quote-id.ts';
import { Engine } from '../../../roles/mint/engine.ts';
import { EpochKeeper } from '../../../roles/mint/epoch-keeper.ts';
import { Losses } from '../../../roles/mint/losses.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { createLog } from '../../../runtime/logs.ts';
import { auditEpochs } from '../../harness/epoch-audit.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';
import { acceptedWork, openTestMint, SEED } from './support.ts';

/** The version before blocks closed epochs. */
const BEFORE_EPOCHS = 11;
const OPENED = 101;
const TIP = 110;
const VALUE = 50n;

test('what blocks paid before blocks closed epochs backs the epoch that all the work of that time is in', async (t) => {
  const { engine: model, poolId, keysetId, unit } = await openTestMint(t, OPENED);
  const place = join(temporaryFolder(), 'mint.sqlite');
  const hashes = new Map(Array.from({ length: TIP - OPENED + 1 }, (_, i) => [OPENED + i, randomBytes(32)]));
  const keys = (await model.keysets.find(keysetId))?.publicKeys ?? [];

  const old = new DatabaseSync(place);
  for (const migration of schema.migrations.slice(0, BEFORE_EPOCHS)) old.exec(migration);
  old.exec(`PRAGMA user_version = ${BEFORE_EPOCHS}`);
  const run = (sql: string, ...values: (string | number | bigint | Uint8Array)[]) =>
    old.prepare(sql).run(...values);
  run("INSERT INTO epochs VALUES (1, ?, ?, ?, 'target', 0, 1)", poolId, OPENED, unit);
  run('INSERT INTO segments VALUES (1, 1, ?)', OPENED);
  run(
    'INSERT INTO keysets (keyset, id, unit, epoch, derivation_index, is_active, public_keys) VALUES (1, ?, ?, 1, 0, 1, ?)',
    ...[keysetId, unit, Buffer.concat(keys)],
  );
  for (const [height, hash] of hashes) {
    run('INSERT INTO chain (height, hash, is_read) VALUES (?, ?, 1)', height, hash);
    if (height !== 103 && height !== 107) continue;
    run(
      'INSERT INTO pool_blocks (hash, pool_id, height, value) VALUES (?, ?, ?, ?)',
      hash,
      poolId,
      height,
      VALUE,
    );
    const id = newQuoteId(1, randomBytes(10));
    run('INSERT INTO quotes VALUES (?, ?, ?, ?, 0, 0, 1, 0)', height, id, hash, poolId);
  }
  old.close();

  const engine = await Engine.open({ path: place, seed: SEED, threads: 1 });
  t.after(() => engine.close());
  const log = createLog('test', 'silent');
  const pool = {
    poolId,
    script: Buffer.from('51', 'hex'),
    issuerKeys: [],
    serverIds: [1],
    workPerHour: 1n,
    feePpm: 0,
  };
  const terms = () => ({ policy: 'target', minimumDifficulty: 0, feePpm: 0, windowBlocks: 1_000 }) as const;
  const losses = await Losses.open(engine, log);
  const keeper = new EpochKeeper({ engine, pools: [pool], terms, confirmations: 1, losses, log });
  await keeper.arrange();
  const [only, ...others] = engine.epochs.ofPool(poolId);
  assert.deepEqual([only?.openedHeight, only?.closing, only?.gifts], [OPENED, undefined, 2n * VALUE]);
  assert.equal(others.length, 0);

  const hashLe = randomBytes(32);
  const work = { ...acceptedWork(only?.segment ?? 0, poolId, 0), shareHashLe: hashLe };
  await engine.storeWork({ poolId, outboxId: randomBytes(16), firstSeq: 1n, records: [work] });
  const payments = [{ poolId, value: VALUE, coinbaseValue: VALUE }];
  const prevHashLe = hashes.get(TIP) ?? new Uint8Array();
  await engine.store.call('follow', [{ height: TIP + 1, hashLe, prevHashLe, isRead: true, payments }]);
  await keeper.arrange();
  const [first, second] = engine.epochs.ofPool(poolId);
  assert.deepEqual(
    [first?.closing?.height, first?.closing?.reward, first?.gifts],
    [TIP + 1, VALUE, 2n * VALUE],
  );
  assert.equal(second?.unit, `hash_${toHex(poolId)}_${TIP + 1}`);
  assert.equal(await engine.store.call('fixPrice', { epochs: [first?.epoch ?? 0], height: TIP + 101 }), true);
  const priced = await engine.store.call('epochById', first?.epoch ?? 0);
  assert.deepEqual([priced?.price?.rewardSats, priced?.price?.work], [3n * VALUE, 3n]);
  assert.deepEqual(auditEpochs(place), []);
});

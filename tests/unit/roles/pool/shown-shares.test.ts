import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256d } from '../../../../protocols/bitcoin/hash.ts';
import { decodeHeader } from '../../../../protocols/bitcoin/header.ts';
import { foldMerklePath } from '../../../../protocols/bitcoin/merkle.ts';
import { concatBytes } from '../../../../protocols/bytes.ts';
import type { HashedJob } from '../../../../protocols/crypto/hash.ts';
import { packWorkRecord, WORK_RECORD_BYTES } from '../../../../protocols/ehash/work-record.ts';
import { Outbox } from '../../../../roles/pool/outbox/outbox.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

/** A job with three steps to its root. */
function jobOf(): HashedJob {
  return {
    coinbasePrefix: randomBytes(60),
    coinbaseSuffix: randomBytes(90),
    merklePath: Array.from({ length: 3 }, () => randomBytes(32)),
    prevHashLe: randomBytes(32),
    nbits: 0x207fffff,
  };
}

/** Shares of a job, packed, with what each was made of. */
async function sharesOf(hashed: HashedJob, extranonceLengths: readonly number[]) {
  const { hash } = await loadCrypto();
  const records = new Uint8Array(extranonceLengths.length * WORK_RECORD_BYTES);
  const origins = extranonceLengths.map((length, i) => {
    const extranonce = randomBytes(length);
    const { header } = hash.shareHeader(hashed, { extranonce, version: 2, ntime: 1, nonce: i });
    packWorkRecord(records, i * WORK_RECORD_BYTES, header, 4, new Uint8Array(33).fill(2));
    return { hashed, extranonce, header };
  });
  return { records, origins, count: origins.length };
}

test('shares are found by their hashes, each with the coinbase and path that its header was made of', async () => {
  const path = join(temporaryFolder(), 'outbox.sqlite');
  const outbox = await Outbox.open(path);
  const [first, second] = [jobOf(), jobOf()];
  const commits = [
    await sharesOf(first, [8, 12, 4]),
    await sharesOf(second, [32]),
    await sharesOf(first, [0, 8]),
  ];
  for (const { records, count, origins } of commits) await outbox.append(records, count, origins);
  const all = commits.flatMap(({ origins }) => origins);
  const stranger = randomBytes(32);
  const shown = await outbox.shown([...all.map(({ header }) => sha256d(header)), stranger]);
  assert.equal(shown.length, all.length);
  for (const { header, coinbase, merkle_path } of shown) {
    const origin = all.find((each) => Buffer.from(each.header).equals(header));
    assert.ok(origin);
    const { coinbasePrefix, coinbaseSuffix } = origin.hashed;
    assert.deepEqual(
      Buffer.from(coinbase),
      Buffer.from(concatBytes(coinbasePrefix, origin.extranonce, coinbaseSuffix)),
    );
    const root = foldMerklePath(sha256d(coinbase), merkle_path);
    assert.deepEqual(Buffer.from(root), Buffer.from(decodeHeader(header).merkleRootLe));
  }
  await outbox.close();
});

test('jobs are numbered on after a restart, and shares without origins are not shown', async () => {
  const path = join(temporaryFolder(), 'outbox.sqlite');
  const before = await Outbox.open(path);
  const job = jobOf();
  const old = await sharesOf(job, [8]);
  await before.append(old.records, old.count);
  const one = await sharesOf(job, [8]);
  await before.append(one.records, one.count, one.origins);
  await before.close();
  const after = await Outbox.open(path);
  const two = await sharesOf(jobOf(), [8]);
  await after.append(two.records, two.count, two.origins);
  const hashes = [old, one, two].flatMap(({ origins }) => origins.map(({ header }) => sha256d(header)));
  assert.equal((await after.shown(hashes)).length, 2);
  await after.close();
});

test('a commit that fails leaves its jobs to the next', async () => {
  const path = join(temporaryFolder(), 'outbox.sqlite');
  const outbox = await Outbox.open(path);
  const { records, count, origins } = await sharesOf(jobOf(), [8]);
  await assert.rejects(outbox.append(records.subarray(1), count, origins));
  await outbox.append(records, count, origins);
  assert.equal((await outbox.shown(origins.map(({ header }) => sha256d(header)))).length, 1);
  await outbox.close();
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { merkleRoot } from '../../../../domain/jobs/extended-job.ts';
import { sha256d } from '../../../../protocols/bitcoin/hash.ts';
import { foldMerklePath } from '../../../../protocols/bitcoin/merkle.ts';
import { concatBytes } from '../../../../protocols/bytes.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';

it("a job's merkle root is that of its coinbase with the extranonce, folded up the path", async () => {
  const { hash } = await loadCrypto();
  const job = {
    id: 1,
    templateId: 1n,
    version: 0x20000000,
    versionRollingAllowed: true,
    coinbasePrefix: new Uint8Array(70).fill(1),
    coinbaseSuffix: new Uint8Array(90).fill(2),
    merklePath: [3, 4, 5].map((fill) => new Uint8Array(32).fill(fill)),
    withTag: () => assert.fail('no miner has a tag here'),
  };
  const extranonce = new Uint8Array(20).fill(6);
  const txid = sha256d(concatBytes(job.coinbasePrefix, extranonce, job.coinbaseSuffix));
  assert.deepEqual(merkleRoot(job, extranonce, hash), foldMerklePath(txid, job.merklePath));
});

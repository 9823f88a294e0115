import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { shareLookupMessage } from '../../protocols/cashu/quote-lookup.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { fillDisk, freeDisk } from '../harness/full-disk.ts';
import { startMint, type TestMintProcess } from '../harness/mint.ts';
import { type PoolProcess, poolProcess } from '../harness/pool.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { workMint } from '../harness/work-mint.ts';

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

async function minedOn(pool: PoolProcess) {
  const miner = await pool.connect();
  const channel = await miner.open({ user_identity: encodeHpub(KEY), nominal_hash_rate: 2000 });
  return { miner, channel };
}

function rowsOf(pool: PoolProcess): number {
  const outbox = readOutbox(pool.outboxPath);
  outbox.close();
  return outbox.rows;
}

test('a full disk at the pool: no share is answered that is not stored, it says so, and goes on when there is room', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: ['block_target_bits = 40'] });
  const mint = await workMint(t);
  const pool = await poolProcess(t, { provider, mint, mintPort: mint.server.address.port });
  await pool.role.says(/serving miners/);
  const before = await minedOn(pool);
  assert.equal(await before.channel.submit(before.channel.mine()), 'accepted');
  await until(() => mint.shares.length === 1, 'the first share at the mint');

  await fillDisk(pool.role.pid, pool.outboxPath);
  const lost = before.channel.mine();
  before.channel.push(lost);
  await before.miner.connection.closed;
  const answers = before.miner.received.filter(({ name }) => name === 'SubmitShares.Success');
  assert.equal(answers.length, 1, 'only the first was answered');
  await pool.role.says(/waiting for the disk: shares cannot be stored/);
  assert.equal(rowsOf(pool), 1);

  await freeDisk(pool.role.pid);
  const after = await minedOn(pool);
  assert.equal(await after.channel.submit(after.channel.mine()), 'accepted');
  await pool.role.says(/^serving miners$/);
  await until(() => mint.shares.length === 2, 'the second share at the mint');
  assert.equal(rowsOf(pool), 2);
});

test('a full disk at the mint: nothing is signed or taken that is not stored, reads go on, and so does all when there is room', async (t) => {
  const node = await regtestNode(t, { blocks: 3 });
  const mint = await startMint(t, node);
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const owner = secp256k1.utils.randomSecretKey();
  const { hashBe } = await outbox.mine(node, secp256k1.getPublicKey(owner), 3);
  await outbox.stored();
  const request = await mintRequest(mint, outbox, hashBe, owner);

  await fillDisk(mint.pid, mint.databasePath);
  await outbox.mine(node, secp256k1.getPublicKey(owner), 3);
  await until(() => /work could not be stored, the pool sends it again/.test(mint.output), 'words of it');
  const refused = await post(mint, '/v1/mint/ehash', request);
  assert.deepEqual([refused.status, refused.body['code']], [503, 50000]);
  assert.equal((await fetch(`${mint.url}/v1/mint/quote/ehash/${request.quote}`)).status, 200);
  assert.deepEqual((await post(mint, '/v1/restore', request)).body, { outputs: [], signatures: [] });
  assert.equal(outbox.storedSeq, 1);

  await freeDisk(mint.pid);
  await outbox.stored();
  assert.equal((await post(mint, '/v1/mint/ehash', request)).status, 200);
  const books = auditMint(mint.databasePath);
  assert.deepEqual([books.quotes.count, books.issued.sum, books.outstanding], [2, 8n, 8n]);
});

/** A request that mints the quote of one share; its owner finds it by the share's hash. */
async function mintRequest(mint: TestMintProcess, outbox: TestOutbox, hashBe: Uint8Array, owner: Uint8Array) {
  const { pubkey } = (await (await fetch(`${mint.url}/v1/info`)).json()) as { pubkey: string };
  const lookup = toHex(schnorr.sign(shareLookupMessage(pubkey, toHex(hashBe)), owner));
  const found = await fetch(`${mint.url}/v1/ehash/share/${toHex(hashBe)}?signature=${lookup}`);
  const { quote } = (await found.json()) as { quote: string };
  const blinded = secp256k1.getPublicKey(secp256k1.utils.randomSecretKey());
  const signature = toHex(schnorr.sign(mintMessage(quote, [{ amount: 8n, blinded }]), owner));
  const id = toHex(outbox.terms?.keysetId ?? new Uint8Array());
  return { quote, outputs: [{ amount: 8, id, B_: toHex(blinded) }], signature };
}

async function post(mint: TestMintProcess, path: string, body: unknown) {
  const answer = await fetch(mint.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

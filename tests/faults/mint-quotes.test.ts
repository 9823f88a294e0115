import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { quoteLookupMessage } from '../../protocols/cashu/quote-lookup.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { bare, SatWallet } from '../harness/sat-wallet.ts';

test('a mint killed over a share that is minted has issued it whole or not at all', async (t) => {
  const { curve } = await loadCrypto();
  const node = await regtestNode(t, { blocks: 3 });
  const mint = await startMint(t, node);
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const secretKey = randomBytes(32);
  const key = curve.publicKey(secretKey);
  for (const k of [4, 5]) await outbox.mine(node, key, k);
  await outbox.stored();

  const wallet = new SatWallet(mint.url, curve);
  await wallet.load(`hash_${toHex(mint.poolId)}_3`);
  const sign = (message: Uint8Array) => toHex(curve.schnorrSign(message, secretKey, randomBytes(32)));
  const identity = (await wallet.get('/v1/info')).body.pubkey ?? '';
  const found = await wallet.post('/v1/mint/quote/ehash/pubkey', {
    pubkeys: [toHex(key)],
    pubkey_signatures: [sign(quoteLookupMessage(identity, toHex(key)))],
  });
  const points = ['mint-signed', 'mint-issued'];
  assert.equal(found.body.quotes?.length, points.length);
  for (const [i, { quote, amount }] of (found.body.quotes ?? []).entries()) {
    const outputs = wallet.outputs(amount);
    const signed = outputs.map(({ amount, B_ }) => ({ amount: BigInt(amount), blinded: fromHex(B_) }));
    const signature = sign(mintMessage(quote, signed));
    const request = () => wallet.post('/v1/mint/ehash', { quote, outputs: bare(outputs), signature });
    await mint.end('SIGTERM');
    await mint.start(points[i]);
    await assert.rejects(request(), `${points[i]} was never reached`);
    await mint.end('SIGKILL');
    await mint.start();
    const proofs = wallet.proofs(outputs, (await request()).body.signatures);
    assert.deepEqual(await wallet.states(proofs), ['UNSPENT']);
  }
  const { issued, outstanding } = auditMint(mint.databasePath);
  assert.deepEqual([issued.count, issued.sum, outstanding], [2, 48n, 48n]);
});

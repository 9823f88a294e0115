import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openQuotes } from '../harness/ehash-quotes.ts';
import { auditEpochs } from '../harness/epoch-audit.ts';
import { startMint } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { poolProcess } from '../harness/pool.ts';
import { NEVER_A_BLOCK, poolScene } from '../harness/pool-scene.ts';
import { UPSTREAM_USER } from '../harness/proxy-scene.ts';
import { bare, SatWallet } from '../harness/sat-wallet.ts';
import { translatorProcess } from '../harness/translator.ts';

const COMMAND = fileURLToPath(new URL('../../commands/rewards.ts', import.meta.url));
const REWARD = 20_000;
const PERIOD = 3;
const PAYMENTS = `
[payments]
[payments.bolt11]
backend = "fake"
max_mint = 1000000
[payments.fake]
pays_after_ms = 0
`;

test('a pool in front of an ordinary one is paid over Lightning, and its ehash is redeemed for that at once', async (t) => {
  const { curve } = await loadCrypto();
  const solo = await poolScene(t, { blockBits: NEVER_A_BLOCK });
  const upstream = await translatorProcess(t, {
    poolPort: solo.pool.port,
    poolKey: encodeAuthorityPublicKey(solo.pool.authorityKey),
    paysEhash: true,
    extranonce2Size: 8,
  });
  await upstream.role.says(/^connected/);
  const mint = await startMint(t, solo.node, {
    rewardScript: '',
    pool: `rewards = "lightning"\nreward_period_blocks = ${PERIOD}\nreward_minimum = ${REWARD}`,
    payments: PAYMENTS,
  });
  const pool = await poolProcess(t, {
    provider: [
      '[[sv1_upstream]]',
      'address = "127.0.0.1"',
      `port = ${upstream.sv1Port}`,
      `user = "${UPSTREAM_USER}.proxy"`,
    ],
    mint: { poolId: mint.poolId, issuerSecretKey: mint.issuerSecretKey, authorityKey: mint.authorityKey },
    mintPort: mint.workLinkPort,
    config: [`sv1_block_target_bits = ${NEVER_A_BLOCK}`, 'shares_per_minute = 600'],
  });
  await pool.role.says(/^serving miners$/);
  const secretKey = randomBytes(32);
  const channel = await (await pool.connect()).open({
    user_identity: encodeHpub(curve.publicKey(secretKey)),
  });
  for (let i = 0; i < 5; i++) assert.equal(await channel.submit(channel.mine()), 'accepted');

  const wallet = new SatWallet(mint.url, curve);
  const first = Number(await solo.node.rpc.call('getblockcount'));
  const unit = (height: number) => `hash_${toHex(mint.poolId)}_${height}`;
  const epoch = async (height: number) =>
    (await (await fetch(`${mint.url}/v1/ehash/epochs/${unit(height)}`)).json()) as Record<string, unknown>;
  for (
    const end = Date.now() + PATIENCE_MS;
    (await openQuotes(wallet, secretKey)).length < 5;
    await delay(50)
  )
    assert.ok(Date.now() < end, 'shares did not become quotes');

  const rewards = async (...words: string[]) =>
    (await promisify(execFile)(process.execPath, [COMMAND, ...words, '--database', mint.databasePath]))
      .stdout;
  assert.match(await rewards('invoice', String(REWARD), '--memo', 'a week'), /^lnbc\w+\n$/);
  for (const end = Date.now() + PATIENCE_MS; (await epoch(first))['reward'] !== REWARD; await delay(50))
    assert.ok(Date.now() < end, `no payment: ${await rewards('list')}`);
  assert.equal((await epoch(first))['state'], 'open');
  await solo.node.generate(PERIOD);
  for (const end = Date.now() + PATIENCE_MS; (await epoch(first))['state'] !== 'redeemable'; await delay(50))
    assert.ok(Date.now() < end, `not closed: ${JSON.stringify(await epoch(first))}`);
  const closed = await epoch(first);
  assert.deepEqual([closed['reward'], closed['fee'], closed['closed_height']], [REWARD, 0, first + PERIOD]);
  assert.equal((await epoch(first + PERIOD))['state'], 'open');
  assert.match(await rewards('list'), new RegExp(`${REWARD} +${REWARD} +epoch ${first}`));

  const quotes = (await openQuotes(wallet, secretKey)).filter((quote) => quote.unit === unit(first));
  const ehash = quotes.reduce((sum, { amount }) => sum + amount, 0);
  await wallet.load();
  const outputs = wallet.outputs(Math.floor((REWARD * ehash) / Number(closed['work'])));
  const signed = outputs.map(({ amount, B_ }) => ({ amount: BigInt(amount), blinded: fromHex(B_) }));
  const signatures = quotes.map(({ quote }) =>
    toHex(curve.schnorrSign(mintMessage(quote, signed), secretKey, randomBytes(32))),
  );
  const request = { quotes: quotes.map(({ quote }) => quote), outputs: bare(outputs), signatures };
  const { status, body } = await wallet.post('/v1/redeem/quotes', request);
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(auditEpochs(mint.databasePath), []);

  assert.equal(await channel.submit(channel.mine()), 'accepted');
  for (const end = Date.now() + PATIENCE_MS; ; await delay(50)) {
    const units = (await openQuotes(wallet, secretKey)).map((quote) => quote.unit);
    if (units.length === 1 && units[0] === unit(first + PERIOD)) break;
    assert.ok(Date.now() < end, `work goes into ${units}`);
  }
  await assert.rejects(rewards('invoice', '0'), { code: 64 });
  await assert.rejects(rewards('invoice', '5', '--pool', '02'), /the mint has no pool 02/);
});

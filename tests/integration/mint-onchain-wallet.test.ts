import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { OnchainScene } from '../harness/onchain-scene.ts';

const PASSPHRASE = 'of a test';
const payments = `
[payments]
[payments.onchain]
backend = "bitcoind"
[payments.bitcoind]
wallet = "not-there"
confirmations = 1
`;

test('a node without wallets: the mint runs, and says what is missing', async (t) => {
  const node = await regtestNode(t);
  const mint = await startMint(t, node, { payments });
  const answer = await fetch(`${mint.url}/v1/melt/quote/onchain`, {
    method: 'POST',
    body: JSON.stringify({
      unit: 'sat',
      request: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
      amount: 1_000,
    }),
  });
  assert.equal(answer.status, 503);
  const { code, detail } = (await answer.json()) as { code: number; detail: string };
  assert.equal(code, 50300);
  assert.match(detail, /wallet does not answer; try again later/);
  assert.match(mint.output, /bitcoind runs without wallets; start it without disablewallet/);
  assert.match(mint.said?.text ?? '', /onchain: bitcoind runs without wallets/);
});

test('a wallet that is not there is asked for by name, and taken once it is made', async (t) => {
  const scene = await OnchainScene.open(t, 'wallet = "mints-own"\nconfirmations = 1', false);
  await scene.untilSaid(/bitcoind has no wallet mints-own; make one/);
  await scene.node.rpc.call('createwallet', ['mints-own']);
  await scene.untilSaid(/^(?!.*onchain)/);
  assert.match((await scene.depositQuote()).request, /^bcrt1q/);
});

test('a locked wallet takes deposits and lets payouts wait; a node that is gone too', async (t) => {
  const scene = await OnchainScene.open(t);
  await scene.mintWallet.call('encryptwallet', [PASSPHRASE]);
  const proofs = await scene.sats(20_000);
  const address = await scene.newAddress();
  const payout = await scene.payoutQuote(address, 15_000);
  assert.equal((await scene.pay(payout, proofs)).state, 'PENDING');
  await scene.untilSaid(/onchain: the wallet is locked; unlock it with walletpassphrase/);
  await scene.node.restart();
  await scene.untilSaid(/onchain: the wallet is locked/);
  assert.equal((await scene.payoutState(payout)).outpoint, null);
  await scene.mintWallet.call('walletpassphrase', [PASSPHRASE, 60]);
  await scene.untilPaidOut(payout);
  assert.deepEqual(
    (await scene.arrivals(address)).map(({ sats }) => sats),
    [15_000],
  );
  await scene.untilSaid(/^(?!.*onchain)/);
});

test('a wallet that is away is asked for by name, and what came to it meanwhile is credited', async (t) => {
  const scene = await OnchainScene.open(t);
  const { node, mint } = scene;
  const quote = await scene.depositQuote();
  await mint.end('SIGTERM');
  await node.rpc.call('unloadwallet', ['hashpool-mint']);
  const folder = join(node.datadir, 'regtest', 'wallets', 'hashpool-mint');
  renameSync(folder, `${folder}-away`);
  await mint.start();
  await scene.untilSaid(
    /onchain: bitcoind has lost the wallet hashpool-mint, to whose addresses deposits come/,
  );
  await scene.deposit(quote, 50_000);
  await node.generate(3);
  await node.rpc.call('createwallet', ['hashpool-mint']);
  await scene.untilSaid(/onchain: bitcoind's wallet hashpool-mint is not the one that this mint gave/);
  await node.rpc.call('unloadwallet', ['hashpool-mint']);
  renameSync(folder, `${folder}-strange`);
  renameSync(`${folder}-away`, folder);
  await scene.untilSaid(/^(?!.*onchain)/);
  await scene.untilPaid(quote, 50_000);
});

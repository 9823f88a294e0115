import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stateFolder } from '../../services/supervisor/state-folder.ts';
import { OnchainScene, type PayoutQuote } from '../harness/onchain-scene.ts';
import type { SatProof } from '../harness/sat-wallet.ts';
import { runCommand } from '../harness/start-command.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const WALLET = 'hashpool-mint';

interface Stuck {
  readonly scene: OnchainScene;
  readonly payout: PayoutQuote;
  readonly proofs: SatProof[];
  readonly address: string;
  /** Of the payout's transaction. */
  readonly txid: string;
  /** The transaction that took its coin, and its block. */
  readonly taker: readonly ['--tx', string, '--block', string];
  /** Runs `npm run payouts` on the mint. */
  payouts(...args: string[]): ReturnType<typeof runCommand>;
}

/**
 * A payout that was sent and whose coin another transaction took before a block had it, at a node whose wallet was lost
 * since and made anew: nothing at hand knows what became of it.
 * @param pays whether the other transaction pays the payee all the same
 */
async function stuckPayout(t: TestContext, pays: boolean): Promise<Stuck> {
  const scene = await OnchainScene.open(t);
  const { node, mint, mintWallet } = scene;
  const proofs = await scene.sats(20_000);
  const address = await scene.newAddress();
  const payout = await scene.payoutQuote(address, 15_000);
  await scene.pay(payout, proofs);
  const [txid = ''] = ((await scene.untilSent(payout)).outpoint ?? '').split(':');
  await mint.end('SIGTERM');
  const { decoded } = (await mintWallet.call('gettransaction', [txid, false, true])) as {
    decoded: { vin: object[] };
  };
  const payee = pays ? address : await scene.newAddress();
  const raw = await mintWallet.call('createrawtransaction', [decoded.vin, [{ [payee]: '0.00015000' }]]);
  const { hex } = (await mintWallet.call('signrawtransactionwithwallet', [raw])) as { hex: string };
  // What is left over is a fee that takes the place of the payout's.
  const taker = String(await node.rpc.call('sendrawtransaction', [hex, 0]));
  const [block = ''] = await node.generate(1);
  await node.rpc.call('unloadwallet', [WALLET]);
  const folder = join(node.datadir, 'regtest', 'wallets', WALLET);
  renameSync(folder, `${folder}-lost`);
  const config = join(mint.folder, 'mint.config.toml');
  writeFileSync(config, `${readFileSync(config, 'utf8')}\nwallet = "made-anew"\n`);
  await mint.start();
  const at = appliance(mint.folder);
  return {
    scene,
    payout,
    proofs,
    address,
    txid,
    taker: ['--tx', taker, '--block', block],
    payouts: (...args) => runCommand('payouts', [...args, '--state', at]),
  };
}

/** An appliance's folder that the mint's own files stand in. */
function appliance(mintFolder: string): string {
  const state = stateFolder(temporaryFolder());
  mkdirSync(join(state.config, 'shared'), { recursive: true });
  cpSync(join(mintFolder, 'pool.toml'), join(state.config, 'shared/pool.toml'));
  symlinkSync(join(mintFolder, 'credentials'), state.credentials);
  symlinkSync(join(mintFolder, 'state'), state.role('mint'));
  return state.root;
}

/** Waits until the mint has noted that the coins are gone, and a hundred blocks more. */
async function untilOverdue({ scene, payouts }: Stuck): Promise<void> {
  await scene.until(
    async () => payouts().stdout,
    (text) => /its coins are gone/.test(text),
  );
  await scene.node.generate(100);
}

test('a payout whose coins were taken is refused to be settled on no proof, and fails on proof', async (t) => {
  const stuck = await stuckPayout(t, false);
  const { scene, payout, proofs, address, txid, taker, payouts } = stuck;
  const [first = ''] = await scene.node.generate(1);
  const fail = (...evidence: string[]) => payouts('failed', '1', '--reason', 'spent by hand', ...evidence);
  await scene.until(
    async () => payouts().stdout,
    (text) => /its coins are gone/.test(text),
  );
  assert.match(
    fail(...taker, '--though-it-may-still-be-paid').stderr,
    /its coins are gone for \d+ blocks; the mint/,
  );
  await untilOverdue(stuck);
  assert.equal((await scene.payoutState(payout)).state, 'PENDING', 'the mint can not tell');

  const [listed] = payouts('--json').stdout.trim().split('\n');
  const { since, stands, ...facts } = JSON.parse(listed ?? '');
  assert.deepEqual(facts, { transaction: 1, quote: payout.quote, sats: 15_000, address, txid });
  assert.match(stands, /^its coins are gone for 10\d blocks$/);
  assert.ok(Date.parse(since) <= Date.now());

  assert.match(fail().stderr, /^npm run payouts: not settled: nothing shows that it can never be mined/);
  const [coinbase] = ((await scene.node.rpc.call('getblock', [first])) as { tx: string[] }).tx;
  const unrelated = fail('--tx', coinbase ?? '', '--block', first).stderr;
  assert.match(unrelated, /spends none of the coins that all its versions spend/);
  assert.match(fail('--tx', txid, '--block', first).stderr, /the node has no transaction/);
  assert.match(fail('--tx', txid).stderr, /--tx and --block belong together/);
  assert.match(payouts('failed', '1', ...taker).stderr, /--reason is missing/);
  assert.match(payouts('failed', '2', '--reason', 'x', ...taker).stderr, /not among those under way/);
  assert.match(payouts('paid', '1', '--reason', 'x', ...taker).stderr, /has no output of 15000 sats/);
  assert.equal((await scene.payoutState(payout)).state, 'PENDING');

  const settled = fail(...taker);
  assert.equal(
    settled.stdout,
    `${payout.quote}.1 is failed: the tokens are free within seconds of the mint\n`,
    settled.stderr,
  );
  await scene.untilState(payout, 'UNPAID');
  assert.deepEqual(new Set(await scene.tokens.states(proofs)), new Set(['UNSPENT']));
  assert.match(fail(...taker).stderr, /not among those under way/);
  assert.equal(payouts().stdout, 'no payout is under way\n');
});

test('a payout that another transaction has made is paid, and its tokens stay spent', async (t) => {
  const stuck = await stuckPayout(t, true);
  const { scene, payout, proofs, address, taker, payouts } = stuck;
  await untilOverdue(stuck);
  assert.match(payouts('failed', '1', '--reason', 'x', ...taker).stderr, /it has not failed/);
  const settled = payouts('paid', '1', '--reason', 'sent by hand', ...taker);
  assert.equal(settled.stdout, `${payout.quote}.1 is paid\n`, settled.stderr);
  const { outpoint } = await scene.untilState(payout, 'PAID');
  assert.equal(outpoint, `${taker[1]}:0`);
  assert.deepEqual(new Set(await scene.tokens.states(proofs)), new Set(['SPENT']));
  assert.deepEqual(
    (await scene.arrivals(address)).map(({ sats }) => sats),
    [15_000],
  );
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Proof } from '@cashu/cashu-ts';
import { mismatchOf } from '../../domain/ledger/sums.ts';
import { toHex } from '../../protocols/bytes.ts';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { openWallet, type Wallet } from '../../services/wallet/wallet.ts';
import type { TestNode } from '../harness/bitcoind.ts';
import { EhashMiner } from '../harness/ehash-miner.ts';
import { OnchainScene } from '../harness/onchain-scene.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { bare, type SatProof } from '../harness/sat-wallet.ts';
import { translatorProcess } from '../harness/translator.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const OTHER = 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above';
const SUBSIDY = 5_000_000_000n;
/** Two per cent. */
const FEE_PPM = 20_000;

/** For a translator whose wallet alone is wanted. */
const NO_POOL = {
  poolPort: 9,
  poolKey: encodeAuthorityPublicKey(new Uint8Array(32).fill(2)),
  paysEhash: true,
};

/** An epoch as the mint's API has it. */
interface EpochAnswer {
  readonly unit: string;
  readonly state: string;
  readonly closed_height: number | null;
  readonly redeemable_from: number | null;
  readonly work: number;
  readonly reward: number;
  readonly fee: number | null;
  readonly redeemed: { readonly ehash: number; readonly sats: number; readonly dust: number };
}

/** A mint whose wallet at the node is what the pool's blocks pay, a pool's outbox, and the wallet of a miner. */
async function open(t: TestContext) {
  let rewards = '';
  const prepare = async (node: TestNode) => {
    await node.rpc.call('createwallet', ['hashpool-mint']);
    const wallet = bitcoinRpc({ url: `${node.rpcUrl}/wallet/hashpool-mint`, auth: node.rpcAuth });
    rewards = String(await wallet.call('getnewaddress', ['', 'bech32']));
    return { rewardScript: `addr(${rewards})`, pool: `fee_ppm = ${FEE_PPM}\nreward_is_cold = false` };
  };
  const scene = await OnchainScene.open(t, 'batch_seconds = 0\nconfirmations = 1', true, prepare);
  const outbox = new TestOutbox();
  await outbox.link(t, scene.mint);
  const folder = await mkdtemp(join(tmpdir(), 'hashpool-redemption-'));
  const log = { info: () => undefined };
  const walletOf = (mnemonic: string, name: string) =>
    openWallet({ path: join(folder, name), mnemonic, mintUrl: scene.mint.url, log });
  const wallet = await walletOf(MNEMONIC, 'wallet.sqlite');
  const sleeper = await walletOf(OTHER, 'sleeper.sqlite');
  t.after(async () => {
    await wallet.close();
    await sleeper.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { scene, outbox, wallet, sleeper, sleeperPath: join(folder, 'sleeper.sqlite'), rewards };
}

async function epochOf(scene: OnchainScene, unit: string): Promise<EpochAnswer> {
  return (await (await fetch(`${scene.mint.url}/v1/ehash/epochs/${unit}`)).json()) as EpochAnswer;
}

/** Waits until an epoch stands so. */
function untilEpoch(scene: OnchainScene, unit: string, state: string): Promise<EpochAnswer> {
  return scene.until(
    () => epochOf(scene, unit),
    (epoch) => epoch.state === state,
  );
}

/** Collects until the wallet has so much of a unit. */
async function untilHeld(wallet: Wallet, unit: string, wanted: bigint): Promise<void> {
  for (;;) {
    await wallet.collect();
    const held = (await wallet.balance()).find((balance) => balance.unit === unit)?.amount ?? 0n;
    if (held === wanted) return;
    await delay(100);
  }
}

test('mined, closed by a block, redeemed after 100 more, and paid out on the chain, to the satoshi', async (t) => {
  const { scene, outbox, wallet, sleeper, sleeperPath, rewards } = await open(t);
  const { node } = scene;
  const own = await wallet.keyForChannel('a channel');
  const miner = new EhashMiner(scene.mint);
  for (const k of [6, 5]) await outbox.mine(node, own, k);
  await outbox.mine(node, await sleeper.keyForChannel('a channel'), 3);
  for (const k of [7, 4]) await outbox.mine(node, miner.publicKey, k);
  await outbox.stored();
  const unit = outbox.terms?.unit ?? '';
  const height = Number(await node.rpc.call('getblockcount')) + 1;

  // The miner mints his before the boundary, the wallet some time after it.
  const quotes = await miner.quotes();
  const cashu = await miner.wallet(unit);
  const privkey = toHex(miner.secretKey);
  const minted: Proof[] = [];
  for (const quote of quotes)
    minted.push(...(await cashu.mintProofs('ehash', quote.amount, quote, { privkey })));
  const ehash: SatProof[] = minted.map(({ amount, id, secret, C }) => {
    return { amount: Number(amount.toBigInt()), id, secret, C };
  });
  const finder = new EhashMiner(scene.mint);
  await outbox.findBlock(node, finder.publicKey, rewards);
  const closed = await untilEpoch(scene, unit, 'maturing');
  assert.deepEqual([closed.closed_height, closed.redeemable_from], [height, height + 100]);
  await outbox.mine(node, finder.publicKey, 2);
  await untilHeld(wallet, unit, 96n);
  const [maturing] = await wallet.epochs();
  const { estimate } = maturing ?? {};
  assert.deepEqual([maturing?.unit, maturing?.state, maturing?.sats], [unit, 'maturing', undefined]);
  assert.ok(estimate && estimate.sats > 0n && estimate.low === estimate.high);

  await node.generate(99);
  await assert.rejects(wallet.redeem(unit), {
    code: 'not-redeemable',
    message: new RegExp(`it can be redeemed from height ${height + 100} on`),
  });
  const { tokens } = scene;
  const early = await scene.until(
    () => tokens.post('/v1/redeem', { inputs: ehash, outputs: bare(tokens.outputs(1)) }),
    ({ body }) => body.detail?.endsWith(`the chain is at ${height + 99}`) ?? false,
  );
  assert.deepEqual([early.status, early.body.code], [400, 40012]);
  assert.match(early.body.detail ?? '', new RegExp(`from height ${height + 100} on`));

  await node.generate(1);
  const priced = await untilEpoch(scene, unit, 'redeemable');
  const work = BigInt(priced.work);
  const payable = (SUBSIDY * BigInt(1_000_000 - FEE_PPM)) / 1_000_000n;
  assert.deepEqual([BigInt(priced.reward), BigInt(priced.fee ?? 0)], [SUBSIDY, SUBSIDY - payable]);
  // The finder's share is a block, and worth what its hash happens to prove.
  assert.ok(work > 248n, `${work}`);
  const worth = (sum: bigint) => (payable * sum) / work;

  assert.equal(estimate.sats, worth(96n), 'what a closed epoch pays was known before');
  assert.deepEqual(await wallet.redeem(unit.slice(-8)), [{ unit, ehash: 96n, sats: worth(96n) }]);
  assert.deepEqual(await wallet.redeem(), []);
  const balance = await wallet.balance();
  assert.deepEqual(
    balance.filter(({ amount }) => amount > 0n).map(({ unit, amount }) => [unit, amount]),
    [['sat', worth(96n)]],
  );
  const history = await wallet.history({ limit: 100 });
  for (const [of, held] of [
    ['sat', worth(96n)],
    [unit, 0n],
  ] as const) {
    const lines = history.filter((line) => line.unit === of);
    assert.equal(
      lines.reduce((sum, { amount, fee }) => sum + amount - fee, 0n),
      held,
    );
  }

  await outbox.mine(node, own, 5);
  await outbox.stored();
  const next = outbox.terms?.unit ?? '';
  await untilHeld(wallet, next, 32n);
  const current = (await wallet.epochs()).find((epoch) => epoch.unit === next);
  assert.deepEqual(current?.estimate, { sats: worth(32n), low: worth(32n), high: worth(32n), epochs: 1 });

  // The miner has no wallet of ours: a request of its own, twice, then a payout to a foreign wallet.
  const outputs = tokens.outputs(Number(worth(144n)));
  const request = { unit, inputs: ehash, outputs: bare(outputs) };
  const wrong = await tokens.post('/v1/redeem', { ...request, outputs: bare(tokens.outputs(1)) });
  assert.deepEqual([wrong.status, wrong.body.code], [400, 11005]);
  const first = await tokens.post('/v1/redeem', request);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual(await tokens.post('/v1/redeem', request), first);
  const again = await tokens.post('/v1/redeem', {
    ...request,
    outputs: bare(tokens.outputs(Number(worth(144n)))),
  });
  assert.deepEqual([again.status, again.body.code], [400, 11001]);
  const sats = tokens.proofs(outputs, first.body.signatures);

  // Somebody who has not looked for all that time: his quotes can't be minted any more, and are worth as much.
  const translator = await translatorProcess(t, {
    ...{ ...NO_POOL, mintUrl: scene.mint.url, files: { 'wallet-mnemonic': OTHER } },
    wallet: ['redeem = "auto"', `db_path = "${sleeperPath}"`],
  });
  await translator.role.says(new RegExp(`8 ehash became ${worth(8n)} sats`));
  const woken = (await sleeper.balance()).filter(({ amount }) => amount > 0n);
  assert.deepEqual(
    woken.map(({ unit, amount }) => [unit, amount]),
    [['sat', worth(8n)]],
  );

  const after = await epochOf(scene, unit);
  const given = worth(96n) + worth(144n) + worth(8n);
  assert.deepEqual(
    [BigInt(after.redeemed.ehash), BigInt(after.redeemed.sats), BigInt(after.redeemed.dust)],
    [248n, given, worth(248n) - given],
  );

  const address = await scene.newAddress();
  const payout = await scene.payoutQuote(address, 90_000_000);
  const paid = await scene.pay(payout, sats);
  assert.equal(paid.state, 'PENDING', JSON.stringify(paid));
  await scene.untilPaidOut(payout);
  assert.deepEqual(
    (await scene.arrivals(address)).map(({ sats }) => sats),
    [90_000_000],
  );

  const books = auditMint(scene.mint.databasePath);
  assert.deepEqual(
    [
      ...[...books.units].flatMap(([name, sums]) => mismatchOf(name, sums) ?? []),
      ...books.sats.contradictions,
    ],
    [],
  );
  const { coinbase, ehash: owed, fees, sat } = books.sats.balances;
  assert.deepEqual([coinbase, owed + fees + sat], [-SUBSIDY, SUBSIDY]);
  assert.doesNotMatch(scene.mint.output, /"alert"/);
});

test('a mint that is killed over a redemption gives once what it gives', async (t) => {
  const { scene, outbox, rewards } = await open(t);
  const { node, tokens } = scene;
  const miner = new EhashMiner(scene.mint);
  for (const k of [5, 5]) await outbox.mine(node, miner.publicKey, k);
  await outbox.stored();
  const unit = outbox.terms?.unit ?? '';
  const cashu = await miner.wallet(unit);
  const privkey = toHex(miner.secretKey);
  const proofs: Proof[] = [];
  for (const quote of await miner.quotes())
    proofs.push(...(await cashu.mintProofs('ehash', quote.amount, quote, { privkey })));
  await outbox.findBlock(node, new EhashMiner(scene.mint).publicKey, rewards);
  await untilEpoch(scene, unit, 'maturing');
  await outbox.mine(node, miner.publicKey, 2);
  await outbox.stored();
  await node.generate(100);
  const { work, reward, fee } = await untilEpoch(scene, unit, 'redeemable');
  const worth = Number(((BigInt(reward) - BigInt(fee ?? 0)) * 32n) / BigInt(work));

  const points = ['redemption-signed', 'redemption-stored'];
  for (const [i, point] of points.entries()) {
    const mine = proofs.filter((_, at) => at < proofs.length / 2 === (i === 0));
    const inputs = mine.map(({ amount, id, secret, C }) => ({
      amount: Number(amount.toBigInt()),
      id,
      secret,
      C,
    }));
    const request = { inputs, outputs: bare(tokens.outputs(worth)) };
    await scene.killedAt(point, () => tokens.post('/v1/redeem', request), false);
    const given = await scene.until(
      () => tokens.post('/v1/redeem', request),
      ({ status }) => status !== 503,
    );
    assert.equal(given.status, 200, JSON.stringify(given.body));
    const { redeemed } = await epochOf(scene, unit);
    assert.deepEqual([redeemed.ehash, redeemed.sats], [32 * (i + 1), worth * (i + 1)], point);
  }
  assert.deepEqual(auditMint(scene.mint.databasePath).sats.contradictions, []);
});

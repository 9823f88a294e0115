import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { mismatchOf } from '../../domain/ledger/sums.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { AutoPaidMiner } from './auto-paid-miner.ts';
import type { TestNode } from './bitcoind.ts';
import { EhashMiner } from './ehash-miner.ts';
import { auditEpochs } from './epoch-audit.ts';
import { type MintOptions, startMint, type TestMintProcess } from './mint.ts';
import { OnchainScene, onchainPayments } from './onchain-scene.ts';
import { TestOutbox } from './pool-outbox.ts';

/** Two per cent of the reward are the operator's. */
export const FEE_PPM = 20_000;
/** The least that the mint may be told to pay balances from. */
const LEAST = 2_000;

/**
 * A mint that pays miners without a wallet out of its pool's rewards, and that pool's outbox.
 * @param least the least balance that is paid, in sats; rewards of regtest are halved every 150 blocks
 */
export async function autoPayoutScene(t: TestContext, least = LEAST) {
  let rewards = '';
  let more: Pick<MintOptions, 'rewardScript' | 'pool'> = {};
  const prepare = async (node: TestNode) => {
    await node.rpc.call('createwallet', ['hashpool-mint']);
    const wallet = bitcoinRpc({ url: `${node.rpcUrl}/wallet/hashpool-mint`, auth: node.rpcAuth });
    rewards = String(await wallet.call('getnewaddress', ['', 'bech32']));
    more = { rewardScript: `addr(${rewards})`, pool: `fee_ppm = ${FEE_PPM}\nreward_is_cold = false` };
    return more;
  };
  const settings = `batch_seconds = 0\nconfirmations = 1\n[auto_payout]\nmin_threshold = ${least}`;
  const scene = await OnchainScene.open(t, settings, true, prepare);
  const outbox = new TestOutbox();
  await outbox.link(t, scene.mint);
  const { node } = scene;
  /** The pool finds a block, and mines on. */
  const findBlock = async (): Promise<void> => {
    await outbox.findBlock(node, new EhashMiner(scene.mint).publicKey, rewards);
    await scene.until(
      async () => outbox.terms?.unit ?? '',
      (unit) => unit.endsWith(`_${height}`),
    );
  };
  let height = 0;
  return {
    scene,
    outbox,
    /** One more process of the same mint, where its store is one that processes share. */
    second: (): Promise<TestMintProcess> =>
      startMint(t, node, { ...more, beside: scene.mint, payments: onchainPayments(settings) }),
    /** A miner with shares of 2^k each. */
    async miner(...ks: readonly number[]): Promise<AutoPaidMiner> {
      const miner = new AutoPaidMiner(scene.mint);
      for (const k of ks) await outbox.mine(node, miner.publicKey, k);
      await outbox.stored();
      return miner;
    },
    /** Closes the open epoch; its price is fixed with the hundredth block from then on. @returns its unit */
    async close(): Promise<string> {
      const unit = outbox.terms?.unit ?? '';
      height = Number(await node.rpc.call('getblockcount')) + 1;
      await findBlock();
      await outbox.mine(node, new EhashMiner(scene.mint).publicKey, 1);
      await outbox.stored();
      return unit;
    },
    /** Nothing in the mint's database contradicts anything else. */
    sound(): void {
      const { units, sats } = auditMint(scene.mint.databasePath);
      const wrong = [...units].flatMap(([name, sums]) => mismatchOf(name, sums) ?? []);
      assert.deepEqual([...wrong, ...sats.contradictions, ...auditEpochs(scene.mint.databasePath)], []);
    },
  };
}

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { meetsPower, meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import {
  EHASH_EXTENSION,
  encodeFixedTarget,
  FIXED_TARGET_FIELD,
  LOCKING_KEY_FIELD,
} from '../../protocols/ehash/extension.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { AutoPaidMiner } from '../harness/auto-paid-miner.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { auditEpochs } from '../harness/epoch-audit.ts';
import { startMint } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { poolProcess } from '../harness/pool.ts';
import type { RawChannel } from '../harness/raw-miner.ts';
import { templateProvider } from '../harness/template-provider.ts';

/** Easy enough to be found at once, and harder than a share. */
const BLOCK_BITS = 12;
const FINAL = 2;
const MATURITY = 100;
const REWARD = 5_000_000_000;
const SATS_PER_COIN = 100_000_000;
const ADDRESS_TYPES = ['bech32', 'bech32m', 'legacy', 'p2sh-segwit'];
const PAYOUTS = `
[auto_payout]
[coinbase_payouts]
threshold_sats = 1000
max_outputs = 300
`;

interface Coinbase {
  readonly txid: string;
  readonly vout: readonly { readonly value: number; readonly scriptPubKey: { readonly address?: string } }[];
}

/** A server side with real parts, and a channel of a client who mines for whomever the test says. */
async function open(t: TestContext) {
  const node = await regtestNode(t, { blocks: 1, wallet: true });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${BLOCK_BITS}`] });
  const mint = await startMint(t, node, { confirmations: FINAL, payments: PAYOUTS });
  const pool = await poolProcess(t, {
    provider,
    mint,
    mintPort: mint.workLinkPort,
    rewardScript: mint.rewardScript,
    config: ['coinbase_payouts_max_size = 20000', 'shares_per_minute = 600'],
  });
  await pool.role.says(/serving miners/);
  const connection = await pool.connect({ extensions: [EHASH_EXTENSION] });
  const house = new AutoPaidMiner(mint);
  // Shares stay easier than a block, however fast this machine finds them.
  const isFixed = { extension: EHASH_EXTENSION, field: FIXED_TARGET_FIELD, value: encodeFixedTarget() };
  const channel = await connection.open({ user_identity: encodeHpub(house.publicKey) }, [isFixed]);

  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (const end = Date.now() + PATIENCE_MS; ; await delay(100)) {
      const found = await look();
      if (found !== undefined) return found;
      assert.ok(Date.now() < end, `${what} did not happen: ${mint.output}`);
    }
  }
  const isTip = async (hash: string) =>
    (await node.rpc.call('getbestblockhash')) === hash ? true : undefined;
  return {
    node,
    mint,
    channel,
    until,
    /** A share of a miner's that is no block. */
    async share({ publicKey }: AutoPaidMiner): Promise<void> {
      const tlvs = [{ extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: publicKey }];
      const isShare = (hashLe: Uint8Array) =>
        meetsTargetLe(hashLe, channel.target) && !meetsPower(hashLe, BLOCK_BITS);
      assert.equal(await channel.submit(channel.mine(isShare), tlvs), 'accepted');
    },
    /** A share on the tip, which tells that all shares of before have come. */
    shareOnTip(): Promise<void> {
      return this.share(house);
    },
    /** Waits for a job on the node's tip whose coinbase has so many outputs. */
    async jobWith(outputs: number): Promise<void> {
      await until(`a job on the tip with ${outputs} outputs`, async () => {
        const isOnTip = await isTip(toHex(reversed(channel.prevHash.prev_hash)));
        return isOnTip && countOf(channel) === outputs ? true : undefined;
      });
    },
    /** Finds a block. @returns its hash and coinbase */
    async block(): Promise<{ hash: string; coinbase: Coinbase }> {
      const share = channel.mine((hashLe) => meetsPower(hashLe, BLOCK_BITS));
      const hash = toHex(reversed(channel.hashOf(share)));
      assert.equal(await channel.submit(share), 'accepted');
      await until(`block ${hash} at the node`, () => isTip(hash));
      const { tx } = (await node.rpc.call('getblock', [hash, 2])) as { tx: Coinbase[] };
      const [coinbase] = tx;
      assert.ok(coinbase);
      return { hash, coinbase };
    },
    /** The epoch that a block closed, once it has its price. */
    priced: (height: number) =>
      until('the price of the epoch', async () => {
        const path = `/v1/ehash/epochs?pool=${toHex(mint.poolId)}&limit=100`;
        const { epochs } = (await (await fetch(mint.url + path)).json()) as {
          epochs: { state: string; reward: number; closed_height: number }[];
        };
        return epochs.find((epoch) => epoch.closed_height === height && epoch.state === 'redeemable');
      }),
  };
}

/** How many outputs the coinbase of the channel's job has. */
function countOf({ job: { coinbase_tx_suffix: suffix } }: RawChannel): number {
  const [first = 0, low = 0, high = 0] = suffix.subarray(4);
  return first === 0xfd ? low + 256 * high : first;
}

function sats(coins: number): number {
  return Math.round(coins * SATS_PER_COIN);
}

test('210 balances are paid by one coinbase, to the satoshi; of an orphaned one nothing has happened', async (t) => {
  const s = await open(t);
  const { node } = s;
  const miners = Array.from({ length: 210 }, () => new AutoPaidMiner(s.mint));
  const addresses = new Map<AutoPaidMiner, string>();
  for (const [i, miner] of miners.entries()) {
    await s.share(miner);
    const address = String(await node.rpc.call('getnewaddress', ['', ADDRESS_TYPES[i % 4]]));
    addresses.set(miner, address);
    await s.until('a share at the mint', async () => (await miner.register(1, address)).address ?? undefined);
  }
  const usual = countOf(s.channel);
  const first = await s.block();
  assert.equal(first.coinbase.vout.length, usual);
  await s.jobWith(usual);
  await s.shareOnTip();
  await node.generate(MATURITY);
  for (const miner of miners) {
    await s.until('a balance to be held', async () => (await miner.standing()).payments[0]?.sats);
    const { balance, payments } = await miner.standing();
    assert.deepEqual([balance, payments.length, payments[0]?.paid], [0, 1, null]);
  }
  // Balances are credited some at a time, and a tip has one set of payouts: the next one has all.
  await node.generate(1);
  await s.jobWith(usual + miners.length);

  const orphan = await s.block();
  assert.equal(orphan.coinbase.vout.length, usual + miners.length);
  await s.jobWith(usual);
  await node.rpc.call('invalidateblock', [orphan.hash]);
  await node.generate(2);
  await s.jobWith(usual + miners.length);

  const { hash, coinbase } = await s.block();
  const height = Number(await node.rpc.call('getblockcount'));
  const values = new Map(coinbase.vout.map(({ value, scriptPubKey }) => [scriptPubKey.address, sats(value)]));
  const whole = coinbase.vout.reduce((sum, { value }) => sum + sats(value), 0);
  assert.equal(whole, REWARD);
  await s.jobWith(usual);
  await s.shareOnTip();
  const [one] = miners;
  await node.generate(FINAL - 1);
  await s.until(
    'the payments to be final',
    async () => (await one?.standing())?.payments[0]?.paid ?? undefined,
  );
  let credited = 0;
  for (const miner of miners) {
    const standing = await miner.standing();
    const [payment] = standing.payments;
    assert.deepEqual([standing.balance, standing.payments.length], [0, 1]);
    assert.equal(values.get(addresses.get(miner)), standing.credited, 'all that he was credited');
    assert.equal(payment?.paid, standing.credited);
    assert.match(payment?.outpoint ?? '', new RegExp(`^${coinbase.txid}:\\d+$`));
    credited += standing.credited;
  }
  const { mine } = (await node.rpc.call('getbalances')) as { mine: { immature: number } };
  assert.equal(sats(mine.immature), credited, "in a wallet that is not the mint's");

  await node.generate(MATURITY);
  assert.equal((await s.priced(height)).reward, whole, 'payouts are a part of the reward');
  assert.equal(await node.rpc.call('getblockhash', [height]), hash);
  assert.doesNotMatch(s.mint.output, /"alert":"(coinbase|books)/);
  assert.deepEqual(auditEpochs(s.mint.databasePath), []);
});

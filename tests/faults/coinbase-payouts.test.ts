import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { AutoPaidMiner } from '../harness/auto-paid-miner.ts';
import { REGTEST_ADDRESS, regtestNode } from '../harness/bitcoind.ts';
import { startThrough } from '../harness/killed-mint.ts';
import { startMint } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { mineForPool } from '../harness/pool-blocks.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { until } from '../harness/template-client.ts';

const FINAL = 2;
const MATURITY = 100;
/** Two thirds of the reward, which somebody else has the rest of. */
const CREDITED = 3_333_333_333;
const CONFIG = `
[backup]
journal_path = "journal"
[auto_payout]
[coinbase_payouts]
`;

/** A mint with a journal whose only miner has been credited the reward of an epoch, and which is not running. */
async function scene(t: TestContext) {
  const node = await regtestNode(t, { blocks: 3 });
  const mint = await startMint(t, node, { confirmations: FINAL, payments: CONFIG });
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const [miner, other] = [new AutoPaidMiner(mint), new AutoPaidMiner(mint)];
  await outbox.mine(node, miner.publicKey, 1);
  await outbox.stored();
  assert.equal((await miner.register(1, REGTEST_ADDRESS)).code, undefined);
  const boundary = await mineForPool(node);
  outbox.add(boundary.header, other.publicKey, 0);
  await until(() => outbox.terms?.unit.endsWith(`_${boundary.height}`) === true, 'the boundary');
  await outbox.mine(node, other.publicKey, 0);
  await outbox.stored();
  await mint.end('SIGTERM');
  await node.generate(MATURITY);
  return {
    node,
    mint,
    outbox,
    miner,
    /** Waits until all that the miner was credited stands so. */
    async stands(wanted: 'free' | 'held' | 'paid'): Promise<void> {
      let told = '';
      const sums = { free: 0, held: 0, paid: 0 };
      const expected = JSON.stringify({ ...sums, [wanted]: CREDITED });
      for (const end = Date.now() + PATIENCE_MS; told !== expected; await delay(100)) {
        const { balance, payments, credited } = await miner.standing();
        const held = payments.filter(({ paid }) => paid === null).reduce((sum, { sats }) => sum + sats, 0);
        const paid = payments.reduce((sum, payment) => sum + (payment.paid ?? 0), 0);
        assert.equal(balance + held + paid, credited, 'nothing is lost');
        assert.equal(credited, CREDITED);
        told = JSON.stringify({ free: balance, held, paid });
        assert.ok(Date.now() < end, `${told}, not ${expected}: ${mint.output}`);
      }
    },
    /** Waits until pools are told what to pay on the tip. */
    async told() {
      const tip = String(await node.rpc.call('getbestblockhash'));
      const isIt = () => toHex(reversed(outbox.payouts?.prevHashLe ?? new Uint8Array())) === tip;
      await until(isIt, `payouts for ${tip}`);
      return outbox.payouts?.outputs ?? [];
    },
  };
}

test('a mint killed between any two writes of a payout in a coinbase has paid it once', async (t) => {
  const s = await scene(t);
  await startThrough(s.mint, 'coinbase-held');
  await s.stands('held');
  assert.equal((await s.told())[0]?.value, BigInt(CREDITED));

  await s.mint.end('SIGTERM');
  await s.node.generate(1);
  await startThrough(s.mint, 'coinbase-offered');
  const [payout] = await s.told();
  assert.ok(payout);

  await s.mint.end('SIGTERM');
  const paying = await mineForPool(s.node, 1_000n, { payouts: [payout] });
  await s.node.generate(FINAL);
  await startThrough(s.mint, 'coinbase-settled');
  await s.stands('paid');

  await s.mint.end('SIGTERM');
  await s.node.rpc.call('invalidateblock', [paying.hash]);
  await s.node.generate(FINAL + 2);
  await startThrough(s.mint, 'coinbase-undone');
  await s.stands('held');
  assert.deepEqual(await s.told(), [payout]);

  assert.equal((await s.miner.register(2, '')).address, null);
  await s.mint.end('SIGTERM');
  await s.node.generate(FINAL);
  await startThrough(s.mint, 'coinbase-released');
  await s.stands('free');
});

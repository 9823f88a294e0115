import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { poolProcess } from '../harness/pool.ts';
import { workMint } from '../harness/work-mint.ts';

const PAYMENTS = `
[payments]
[payments.onchain]
backend = "bitcoind"
[payments.bitcoind]
create_wallet = true
`;

test("a pool whose script is not the one of its mint's config ends with 78, and names both", async (t) => {
  const mint = await workMint(t, { rewardScript: fromHex('52') });
  const { role } = await poolProcess(t, {
    provider: { address: '127.0.0.1:9', authorityKey: mint.authorityKey },
    mint,
    mintPort: mint.server.address.port,
  });
  assert.equal(await role.exited, 78);
  assert.match(
    role.output,
    /coinbase_reward_script is 51 in the pool's config, and 52 in \[\[pool\]\] of the mint's/,
  );
});

test('a mint ends with 78 where rewards go to a script that is neither its wallet nor stated as cold', async (t) => {
  const node = await regtestNode(t, { wallet: true });
  await assert.rejects(
    startMint(t, node, { payments: PAYMENTS, pool: 'reward_is_cold = false' }),
    /the mint ended with 78:[\s\S]*number 1, coinbase_reward_script: the wallet .* can't spend it/,
  );
  await startMint(t, node, { payments: PAYMENTS, pool: 'reward_is_cold = true' });
});

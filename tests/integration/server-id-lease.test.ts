import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { poolProcess } from '../harness/pool.ts';
import { templateProvider } from '../harness/template-provider.ts';

const LIMIT_MS = 90_000;

test('two pools never mine with one server id: the mint refuses the second, also after it was killed', {
  timeout: LIMIT_MS,
}, async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, node);
  const mint = await startMint(t, node);
  const mintPort = mint.workLinkPort;
  const first = await poolProcess(t, { provider, mint, mintPort });
  await first.role.says(/serving miners/);

  const second = await poolProcess(t, { provider, mint, mintPort });
  await second.role.says(/server-id-in-use/);
  await second.role.says(
    /another pool, with an outbox of its own, mines with server_id 1: give this one its own/,
  );
  const answer = await (await second.connect()).ask();
  assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'pool-not-ready');

  await first.role.stop('SIGKILL');
  await mint.end('SIGKILL');
  await mint.start();
  const refusals = () => mint.output.split('work link refused').length;
  const before = refusals();
  for (const end = Date.now() + 20_000; refusals() === before; ) {
    assert.ok(Date.now() < end, 'the second pool is refused by the mint that started again');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  first.role.status = { text: 'killed', figures: {} };
  await first.role.restart();
  await first.role.says(/^serving miners$/);
});

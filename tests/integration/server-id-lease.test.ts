import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { REQUIRES_STANDARD_JOBS } from '../../protocols/sv2/mining.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { poolProcess } from '../harness/pool.ts';
import { poolScene } from '../harness/pool-scene.ts';
import type { RawChannel } from '../harness/raw-miner.ts';
import { until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';

const POLL_MS = 50;
const HOUSE_KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

test('two pools never mine with one server id: the mint refuses the second, also after it was killed', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, node);
  const mint = await startMint(t, node);
  const mintPort = mint.workLinkPort;
  const first = await poolProcess(t, { provider, mint, mintPort });
  await first.role.says(/serving miners/);

  const second = await poolProcess(t, { provider, mint, mintPort });
  await second.role.says(/server-id-in-use/);
  await second.role.says(
    /another pool, with an outbox of its own, mines with server_id 1, and no other of server_ids is free/,
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

const serverId = (channel: RawChannel) => Buffer.from(channel.prefix).readUInt16BE();

test('a lease that changes under open channels takes them to another server id, and no share is lost', async (t) => {
  const { pool, mint, node } = await poolScene(t, { config: [`house_key = "${HOUSE_KEY}"`] });
  const translator = await pool.connect();
  const device = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
  const channels = [await translator.open(), await translator.openStandard(), await device.openStandard()];
  const submitAll = async () => {
    for (const channel of channels) assert.equal(await channel.submit(channel.mine()), 'accepted');
  };
  assert.deepEqual(channels.map(serverId), [1, 1, 1]);
  await submitAll();

  mint.taken.add(1);
  while (channels.some((channel) => serverId(channel) !== 2)) await submitAll();
  await submitAll();
  const before = channels.map(({ prevHash }) => prevHash);
  await node.generate(1);
  await until(() => channels.every(({ prevHash }, i) => prevHash !== before[i]), 'new prev hash');
  await submitAll();

  mint.taken.add(2);
  for (const { miner, id } of channels) {
    const { reason_code } = await miner.next('CloseChannel', ({ channel_id }) => channel_id === id);
    assert.equal(reason_code, 'server-id-in-use');
  }
  const answer = await translator.ask();
  assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'pool-not-ready');

  mint.taken.delete(2);
  while ((await translator.ask()).name === 'OpenMiningChannel.Error') await delay(POLL_MS);
  await mint.server.close();
  await pool.role.restart();
  await pool.role.says(/^waiting for mint/);
  const later = await (await pool.connect()).open();
  assert.equal(serverId(later), 2, 'what was leased last, before the mint can be asked');
});

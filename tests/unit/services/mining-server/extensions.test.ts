import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EHASH_EXTENSION, WORKER_NAME_EXTENSION } from '../../../../protocols/ehash/extension.ts';
import type { MiningMessage } from '../../../../protocols/sv2/mining.ts';
import { testPool } from './fixture.ts';

const both = [WORKER_NAME_EXTENSION, EHASH_EXTENSION];
const request = (requested_extensions: readonly number[]): MiningMessage => ({
  name: 'RequestExtensions',
  request_id: 7,
  requested_extensions,
});

describe('a pool that requires an extension', () => {
  const extensions = { supported: both, required: [EHASH_EXTENSION] };

  it('serves those that agree to it', async (t) => {
    const pool = await testPool(t, { extensions });
    const channel = await (await pool.connect({ extensions: both })).open();
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  it('tells those that do not ask for it, and takes them when they ask again', async (t) => {
    const pool = await testPool(t, { extensions });
    const miner = await pool.connect();
    miner.send(request([WORKER_NAME_EXTENSION, 3]));
    const refused = await miner.next('RequestExtensions.Error');
    assert.deepEqual(
      [refused.request_id, refused.unsupported_extensions, refused.required_extensions],
      [7, [3], [EHASH_EXTENSION]],
    );
    miner.send(request(both));
    const agreed = await miner.next('RequestExtensions.Success');
    assert.deepEqual(agreed.supported_extensions, both);
    assert.equal((await miner.ask()).name, 'OpenExtendedMiningChannel.Success');
  });

  it('refuses a channel to who goes on without, and hangs up', async (t) => {
    const pool = await testPool(t, { extensions });
    const silent = await pool.connect();
    const stubborn = await pool.connect();
    stubborn.send(request([WORKER_NAME_EXTENSION]));
    await stubborn.next('RequestExtensions.Error');
    for (const miner of [silent, stubborn]) {
      const answer = await miner.ask();
      assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'extension-required');
      await miner.connection.closed;
    }
    const other = await pool.connect();
    other.send({ name: 'CloseChannel', channel_id: 2, reason_code: '' });
    await other.connection.closed;
    assert.equal(pool.server.figures.channels, 0);
  });

  it('waits no longer for it than for a first channel', async (t) => {
    const pool = await testPool(t, { extensions, firstChannelMs: 100 });
    const miner = await pool.connect();
    miner.send(request([]));
    await miner.connection.closed;
  });
});

it('an extension that the pool is told not to support is spoken with nobody', async (t) => {
  const pool = await testPool(t, { extensions: { supported: [WORKER_NAME_EXTENSION], required: [] } });
  const miner = await pool.connect({ extensions: both });
  assert.deepEqual([...miner.connection.extensions], [WORKER_NAME_EXTENSION]);
  const alone = await pool.connect();
  alone.send(request([EHASH_EXTENSION]));
  const refused = await alone.next('RequestExtensions.Error');
  assert.deepEqual([refused.unsupported_extensions, refused.required_extensions], [[EHASH_EXTENSION], []]);
  assert.equal((await alone.ask()).name, 'OpenExtendedMiningChannel.Success', 'and mines without');
});

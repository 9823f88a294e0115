import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fittingPayouts } from '../../../domain/jobs/payouts.ts';
import { equalBytes } from '../../../protocols/bytes.ts';
import type { CoinbasePayouts } from '../../../protocols/ehash/work-link.ts';
import { MemoryOutbox, poolId, withLink } from '../services/work-link/fixture.ts';
import { payoutScene } from './coinbase-payout-scene.ts';

const ONE_OUTPUT = { size: 2 + 31, sigops: 0 };
const WIDE = { size: 10_000, sigops: 400 };
const VALUE = 1_000_000n;

/** A mint with real links to two servers of one pool, the first of which has room for one output. */
function withServers(
  t: TestContext,
  run: (s: Awaited<ReturnType<typeof payoutScene>>, pays: (server: 1 | 2) => Promise<Paid>) => Promise<void>,
) {
  return withLink(async (link) => {
    const rooms = { 1: ONE_OUTPUT, 2: WIDE };
    const told: { 1: CoinbasePayouts[]; 2: CoinbasePayouts[] } = { 1: [], 2: [] };
    for (const serverId of [1, 2] as const) {
      await link.connect({
        ...{ serverId, outbox: new MemoryOutbox(), payoutRoom: rooms[serverId] },
        onPayouts: (payouts) => void told[serverId].push(payouts),
      });
    }
    await link.until(() => link.server.payoutRooms(poolId).length === 2);
    const links = {
      rooms: () => link.server.payoutRooms(poolId),
      send: (payouts: CoinbasePayouts) => link.server.sendPayouts(poolId, payouts),
    };
    const s = await payoutScene(t, { confirmations: 2, keys: 2, links });
    await run(s, async (server) => {
      const tip = s.chain.blocks.at(-1)?.hashLe ?? new Uint8Array(32);
      const onTip = () => told[server].find(({ prevHashLe }) => equalBytes(prevHashLe, tip));
      await link.until(() => onTip() !== undefined);
      return fittingPayouts(onTip()?.outputs ?? [], rooms[server], VALUE);
    });
  });
}
type Paid = CoinbasePayouts['outputs'];

const valuesOf = (outputs: Paid) => outputs.map(({ value }) => value);

test('two servers that find a block on the same prev hash pay no balance twice', async (t) => {
  await withServers(t, async (s, pays) => {
    s.credit(1, 5000);
    s.credit(2, 4000);
    await s.look();
    const [first, second] = [await pays(1), await pays(2)];
    assert.deepEqual([valuesOf(first), valuesOf(second)], [[5000n], [5000n, 4000n]]);
    const height = s.chain.blocks.length;
    await s.deliver(s.mine(first));
    await s.look();
    assert.deepEqual(valuesOf(await pays(2)), [4000n], 'on top of it');
    s.chain.leave(height);
    await s.deliver(s.mine(second));
    s.chain.mine();
    await s.look();
    assert.deepEqual(
      s.books().map(({ free, held, paid }) => [free, held, paid]),
      [
        [0, 0, 5000],
        [0, 0, 4000],
      ],
    );
    assert.deepEqual(s.alerts, []);
    s.audit();
  });
});

test('two servers that find blocks one after the other pay what the other has left, and neither waits', async (t) => {
  await withServers(t, async (s, pays) => {
    s.credit(1, 5000);
    s.credit(2, 4000);
    await s.look();
    await s.deliver(s.mine(await pays(1)));
    await s.look();
    const left = await pays(2);
    assert.deepEqual(valuesOf(left), [4000n]);
    s.credit(1, 3000);
    await s.deliver(s.mine(left));
    await s.look();
    assert.deepEqual(valuesOf(await pays(1)), [3000n], 'of what was credited since');
    await s.deliver(s.mine(await pays(1)));
    s.chain.mine();
    await s.look();
    assert.deepEqual(
      s.books().map(({ free, held, paid }) => [free, held, paid]),
      [
        [0, 0, 8000],
        [0, 0, 4000],
      ],
    );
    assert.deepEqual(s.alerts, []);
    s.audit();
  });
});

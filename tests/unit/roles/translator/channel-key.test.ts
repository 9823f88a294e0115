import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelKey } from '../../../../roles/translator/sv1-server/channel-key.ts';

/** Keys 1, 2, 3 ... of one byte. */
function keyPool() {
  const given: number[] = [];
  return {
    epoch: 0,
    taken: 0,
    trouble: undefined as Error | undefined,
    given,
    async take() {
      if (this.trouble) throw this.trouble;
      return Uint8Array.of(++this.taken);
    },
    giveBack: (key: Uint8Array) => given.push(key[0] ?? 0),
  };
}

const first = async (key: Promise<Uint8Array>) => (await key)[0];
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a channel has one key, and gives it back where nothing was locked to it', async () => {
  const pool = keyPool();
  const key = new ChannelKey(pool);
  assert.equal(key.use(), undefined);
  assert.deepEqual(await Promise.all([first(key.get()), first(key.get())]), [1, 1]);
  await key.release();
  assert.deepEqual(pool.given, [1]);
  const other = new ChannelKey(pool);
  await other.get();
  assert.equal(other.use()?.[0], 2);
  await other.release();
  assert.deepEqual(pool.given, [1]);
});

test('in a new epoch a used key gives way to another, an unused one stays', async () => {
  const pool = keyPool();
  const key = new ChannelKey(pool);
  await key.get();
  pool.epoch++;
  assert.equal(await first(key.get()), 1);
  assert.equal(key.use()?.[0], 1);
  pool.epoch++;
  assert.equal(key.use()?.[0], 1, 'while the wallet is asked');
  await settled();
  assert.equal(key.use()?.[0], 2);
  assert.equal(await first(key.get()), 2);
  await key.release();
  assert.deepEqual(pool.given, []);
});

test('a wallet that gives no key is asked again, and the last one serves meanwhile', async () => {
  const pool = keyPool();
  const key = new ChannelKey(pool);
  await key.get();
  key.use();
  pool.epoch++;
  pool.trouble = new Error('the disk is full');
  assert.equal(key.use()?.[0], 1);
  await assert.rejects(key.get(), /disk/);
  pool.trouble = undefined;
  key.use();
  await settled();
  assert.equal(key.use()?.[0], 2);
});

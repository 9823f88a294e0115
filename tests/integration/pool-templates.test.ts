import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { meetsPower } from '../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import {
  type TemplateMessage,
  templateDistributionProtocol,
} from '../../protocols/sv2/template-distribution.ts';
import type { Onward, Passing } from '../harness/interceptor.ts';
import { poolScene } from '../harness/pool-scene.ts';

/** What the pool and its template provider say to each other, and what becomes of it when it goes wrong. */

const BLOCK_BITS = 12;
const user_identity = encodeHpub(
  fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
);
/** Long enough for a template that is not to come. */
const SETTLE_MS = 2500;
const POLL_MS = 50;

const read = ({ frame }: Passing): TemplateMessage => templateDistributionProtocol.decode(frame).message;

test('the pool sets up, tells its constraints, and gets a template before its prev hash', async (t) => {
  const said: TemplateMessage[] = [];
  await poolScene(t, {
    atProvider(passing) {
      said.push(read(passing));
      return [passing.frame];
    },
  });
  const [setup, success, constraints, template, prevHash] = said;
  assert.ok(setup?.name === 'SetupConnection');
  const { protocol, min_version, max_version, flags } = setup;
  assert.deepEqual([protocol, min_version, max_version, flags], [2, 2, 2, 0]);
  assert.ok(success?.name === 'SetupConnection.Success' && success.used_version === 2);
  assert.ok(constraints?.name === 'CoinbaseOutputConstraints');
  assert.ok(constraints.coinbase_output_max_additional_size >= 56, 'reward and keyset');
  assert.ok(template?.name === 'NewTemplate' && template.future_template);
  assert.ok(prevHash?.name === 'SetNewPrevHash' && prevHash.template_id === template.template_id);
});

test("a block's coinbase has the lock time and the sequence that BIP54 asks a template for", async (t) => {
  const sequence = 0xfffffffe;
  let locktime = 0;
  const scene = await poolScene(t, {
    blockBits: BLOCK_BITS,
    atProvider(passing) {
      const message = read(passing);
      if (message.name !== 'NewTemplate') return [passing.frame];
      locktime = heightOf(message.coinbase_prefix) - 1;
      return [
        templateDistributionProtocol.encode({
          ...message,
          coinbase_tx_input_sequence: sequence,
          coinbase_tx_locktime: locktime,
        }),
      ];
    },
  });
  const channel = await (await scene.pool.connect()).openStandard({ user_identity });
  const share = channel.mine((hashLe) => meetsPower(hashLe, BLOCK_BITS));
  const hash = toHex(reversed(channel.hashOf(share)));
  assert.equal(await channel.submit(share), 'accepted');
  await channel.miner.next('SetNewPrevHash', ({ prev_hash }) => toHex(reversed(prev_hash)) === hash);
  const block = (await scene.node.rpc.call('getblock', [hash, 2])) as {
    height: number;
    tx: { locktime: number; vin: { sequence: number }[] }[];
  };
  const [coinbase] = block.tx;
  assert.equal(coinbase?.vin[0]?.sequence, sequence);
  assert.equal(coinbase?.locktime, block.height - 1);
});

/** From BIP34's push of it, which this chain's heights fit into one or two bytes of. */
function heightOf(coinbasePrefix: Uint8Array): number {
  const [length = 0, low = 0, high = 0] = coinbasePrefix;
  return length === 1 ? low : low + 256 * high;
}

type Trouble = (message: TemplateMessage, frame: Uint8Array, held: Uint8Array[]) => Onward;
const troubles: Record<string, Trouble> = {
  'a template that is lost': (message, frame) => (message.name === 'NewTemplate' ? [] : [frame]),
  'a prev hash that is lost': (message, frame) => (message.name === 'SetNewPrevHash' ? [] : [frame]),
  'a prev hash that comes before its template': (message, frame, held) => {
    if (message.name === 'NewTemplate') held.push(frame);
    return message.name === 'SetNewPrevHash' ? [frame, ...held.splice(0)] : [];
  },
};

test('the job that miners have lasts while templates go astray, and the next good one takes over', async (t) => {
  let trouble: Trouble | undefined;
  const held: Uint8Array[] = [];
  const scene = await poolScene(t, {
    atProvider(passing) {
      const message = read(passing);
      const isWork = message.name === 'NewTemplate' || message.name === 'SetNewPrevHash';
      return trouble && isWork ? trouble(message, passing.frame, held) : [passing.frame];
    },
  });
  const channel = await (await scene.pool.connect()).open({ user_identity });
  const tips = () => channel.miner.received.filter(({ name }) => name === 'SetNewPrevHash').length;
  for (const [name, makeTrouble] of Object.entries(troubles)) {
    await t.test(name, async () => {
      const before = tips();
      trouble = makeTrouble;
      await scene.node.generate(1);
      await delay(SETTLE_MS);
      assert.equal(tips(), before);
      assert.equal(await channel.submit(channel.mine()), 'accepted');
      trouble = undefined;
      const from = channel.miner.received.length;
      const [hash] = await scene.node.generate(1);
      await channel.miner.next(
        'SetNewPrevHash',
        ({ prev_hash }) => toHex(reversed(prev_hash)) === hash,
        from,
      );
      assert.equal(await channel.submit(channel.mine()), 'accepted');
    });
  }
});

test('miners keep their job while the template provider is away, until it is most likely stale', async (t) => {
  const { pool, provider } = await poolScene(t, { config: ['stale_work_timeout_sec = 3'] });
  const channel = await (await pool.connect()).open({ user_identity });
  await provider.role.stop();
  assert.equal(await channel.submit(channel.mine()), 'accepted');
  const { reason_code } = await channel.miner.next('CloseChannel');
  assert.equal(reason_code, 'stale-work');
  const answer = await channel.miner.ask({ user_identity });
  assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'pool-not-ready');

  await provider.role.restart();
  const ask = () => channel.miner.ask({ user_identity });
  while ((await ask()).name === 'OpenMiningChannel.Error') await delay(POLL_MS);
  const next = await channel.miner.open({ user_identity });
  assert.equal(await next.submit(next.mine()), 'accepted');
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { untilHeight } from '../harness/bitcoind.ts';
import {
  channelOf,
  type JdScene,
  type JdSceneOptions,
  jdScene,
  type Pass,
  share,
} from '../harness/jd-scene.ts';
import { until } from '../harness/template-client.ts';

const SUBMIT_SOLUTION = 0x76;
const PUSH_SOLUTION = 0x60;
/** Harder than a share, and found at once. */
const BLOCK_BITS = 10;
const OFTEN_MS = 20_000;

/** Lets all frames through but those of a type, until it is open. */
class Bar {
  isOpen = false;
  readonly #type: number;

  constructor(type: number) {
    this.#type = type;
  }

  readonly pass: Pass = ({ header, frame }) => (header.type !== this.#type || this.isOpen ? [frame] : []);
}

/** A block is found while nothing of it reaches anybody. @returns the height that it is to have */
async function withLostBlock(t: TestContext, options: JdSceneOptions): Promise<JdScene & { height: number }> {
  const all = await jdScene(t, { ...options, blockBits: BLOCK_BITS });
  const channel = await channelOf(all);
  await until(() => channel.job.merkle_path.length > 0, "the node's transactions in the job");
  // A share that is answered says that the job is accepted.
  assert.equal(await share(channel, all.key), 'accepted');
  const height = Number(await all.node.rpc.call('getblockcount')) + 1;
  // A jd-client that is killed meanwhile may leave it unanswered.
  void Promise.allSettled([share(channel, all.key, 1, BLOCK_BITS)]);
  await all.client.role.says(/block found and handed in/);
  return { ...all, height };
}

async function isSeen({ client }: JdScene): Promise<void> {
  await until(() => client.role.status.figures['blocks_unseen'] === 0, 'the block was seen', OFTEN_MS);
}

test('a block that the template provider did not get is handed to it again, by the next process too', async (t) => {
  const provider = new Bar(SUBMIT_SOLUTION);
  const server = new Bar(PUSH_SOLUTION);
  const all = await withLostBlock(t, { atProvider: provider.pass, atServer: server.pass });
  assert.equal(await all.node.rpc.call('getblockcount'), all.height - 1);
  await all.client.role.stop('SIGKILL');
  await all.server.role.stop();
  provider.isOpen = true;
  await all.client.role.restart();
  await untilHeight(all.node, all.height);
  await isSeen(all);
  await all.client.role.stop();
  assert.equal(
    readFileSync(join(all.client.folder, 'found-blocks.json'), 'utf8'),
    '',
    'it is kept no longer',
  );
});

for (const isKilled of [false, true]) {
  const who = isKilled ? 'a jd-client that was killed' : 'the jd-client';
  test(`a block that only the jd-server can put together is declared again by ${who} once it is back`, async (t) => {
    const all = await withLostBlock(t, {
      atProvider: new Bar(SUBMIT_SOLUTION).pass,
      atServer: barredOnce(PUSH_SOLUTION),
    });
    await all.server.role.stop('SIGKILL');
    if (isKilled) {
      await all.client.role.stop('SIGKILL');
      await all.client.role.restart();
    }
    await all.client.role.says(/could not be handed to the jd-server again/);
    assert.equal(await all.node.rpc.call('getblockcount'), all.height - 1);
    await all.server.role.restart();
    await untilHeight(all.node, all.height);
    await isSeen(all);
  });
}

/** Loses the first frame of a type. */
function barredOnce(type: number): Pass {
  let isLost = false;
  return ({ header, frame }) => {
    if (header.type !== type || isLost) return [frame];
    isLost = true;
    return [];
  };
}

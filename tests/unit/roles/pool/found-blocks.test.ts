import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { BlockState } from '../../../../protocols/ehash/work-link.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { FoundBlocks } from '../../../../roles/pool/found-blocks.ts';
import type { FoundBlock } from '../../../../services/template-client/found-block.ts';
import { MOST_TRIES } from '../../../../services/template-client/unseen-blocks.ts';

const block = (fill: number): FoundBlock => ({
  hashLe: new Uint8Array(32).fill(fill),
  header: new Uint8Array(80).fill(fill),
  templateId: BigInt(fill),
  coinbaseTx: Uint8Array.of(1, 2, 3),
});

/** Found blocks, and in one list all that they did to others. */
function watched(t: TestContext, options: { earlier?: FoundBlock[]; retryMs?: number } = {}) {
  const did: string[] = [];
  const logged: { alert?: string; msg: string }[] = [];
  const provider = {
    knows: true,
    isConnected: true,
    submitSolution: ({ template_id }: { template_id: bigint }) => void did.push(`submit ${template_id}`),
    async requestTransactionData() {
      if (!provider.knows) throw new HashpoolError('template-id-not-found', 'no such template');
    },
  };
  const store = {
    async addBlock({ templateId }: FoundBlock) {
      did.push(`store ${templateId}`);
    },
    async settleBlock(hashLe: Uint8Array, fate: string) {
      did.push(`${fate} ${hashLe[0]}`);
    },
    async keepBlockState({ hashLe, state }: BlockState) {
      const isNews = store.states.get(hashLe[0]) !== state;
      store.states.set(hashLe[0], state);
      return isNews;
    },
    countBlocks: async () => store.counts,
    states: new Map<number | undefined, BlockState['state']>(),
    counts: { found: 5, confirmed: 4, orphaned: 1 },
  };
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const { earlier = [], retryMs = 60_000 } = options;
  let counted = 0;
  const onCounts = () => void counted++;
  const blocks = new FoundBlocks({ provider, store, log, retryMs, onCounts }, earlier);
  t.after(() => blocks.close());
  const alerts = () => logged.flatMap(({ alert }) => alert ?? []);
  const messages = () => logged.map(({ msg }) => msg);
  return { blocks, did, provider, store, alerts, messages, counted: () => counted };
}

it('a block goes to the template provider first, then to the disk, and is seen by the next tip', (t) => {
  const { blocks, did } = watched(t);
  blocks.found(block(1));
  assert.deepEqual(did, ['submit 1', 'store 1']);
  blocks.tip(new Uint8Array(32).fill(9));
  assert.equal(blocks.waiting, 1);
  blocks.tip(new Uint8Array(32).fill(1));
  assert.deepEqual(did, ['submit 1', 'store 1', 'seen 1']);
  assert.equal(blocks.waiting, 0);
  blocks.connected();
  assert.equal(did.length, 3);
});

it('a block is handed over again on each connection, by the clock, and after a restart', async (t) => {
  const { blocks, did, provider } = watched(t, { earlier: [block(1)], retryMs: 20 });
  provider.isConnected = false;
  await delay(60);
  assert.deepEqual(did, [], 'nobody is connected yet');
  provider.isConnected = true;
  blocks.connected();
  assert.deepEqual(did, ['submit 1']);
  while (did.length < 4) await delay(5);
  assert.deepEqual(new Set(did), new Set(['submit 1']));
});

it('a template that is not known any more is an alert, once', async (t) => {
  const { blocks, provider, alerts } = watched(t);
  blocks.found(block(1));
  blocks.connected();
  await delay(1);
  assert.deepEqual(alerts(), []);
  provider.knows = false;
  for (let i = 0; i < 3; i++) {
    blocks.connected();
    await delay(1);
  }
  assert.deepEqual(alerts(), ['block-at-risk']);
  assert.equal(blocks.waiting, 1, 'the node may have it all the same');
});

it('a block that is never seen is given up after many tries, with an alert', (t) => {
  const { blocks, did, alerts } = watched(t);
  blocks.found(block(1));
  for (let i = 0; i <= MOST_TRIES; i++) blocks.connected();
  assert.equal(did.filter((each) => each === 'submit 1').length, 1 + MOST_TRIES);
  assert.equal(did.at(-1), 'given-up 1');
  assert.deepEqual(alerts(), ['block-unseen']);
});

it('a disk that fails is told, and does not keep the block from the template provider', async (t) => {
  const { blocks, did, store, messages } = watched(t);
  store.addBlock = async () => {
    throw new HashpoolError('disk-full', 'no room');
  };
  blocks.found(block(1));
  blocks.connected();
  await delay(1);
  assert.deepEqual(did, ['submit 1', 'submit 1']);
  assert.ok(messages().some((words) => words.includes('not on the disk')));
});

const state = (fill: number, name: BlockState['state']): BlockState => {
  return { hashLe: new Uint8Array(32).fill(fill), height: 100 + fill, state: name, confirmations: 1 };
};

it('how a block stands is kept and said in a line, once for each change', async (t) => {
  const { blocks, store, messages } = watched(t);
  for (const name of ['found', 'found', 'confirmed', 'orphaned', 'confirmed'] as const) {
    blocks.stands(state(1, name));
    await delay(1);
  }
  assert.equal(store.states.get(1), 'confirmed');
  assert.deepEqual(messages(), [
    'our block 101 is in the chain',
    'our block 101 is confirmed',
    'our block 101 is orphaned: the chain goes on without it',
    'our block 101 is confirmed',
  ]);
});

it('a block that the mint knows is handed over no more', async (t) => {
  const { blocks, did } = watched(t);
  blocks.found(block(1));
  blocks.stands(state(1, 'found'));
  assert.equal(blocks.waiting, 0);
  assert.deepEqual(did, ['submit 1', 'store 1', 'seen 1']);
});

it('counts are those on the disk: at the start, and after each change', async (t) => {
  const { blocks, store, counted } = watched(t);
  await delay(1);
  assert.deepEqual([blocks.counts, counted()], [{ found: 5, confirmed: 4, orphaned: 1 }, 1]);
  store.counts = { found: 6, confirmed: 4, orphaned: 1 };
  blocks.found(block(1));
  await delay(1);
  assert.deepEqual([blocks.counts.found, counted()], [6, 2]);
});

it('a state that the disk does not take is told, and the counts stay', async (t) => {
  const { blocks, store, messages } = watched(t);
  await delay(1);
  store.keepBlockState = () => Promise.reject(new Error('the disk is full'));
  blocks.stands(state(1, 'confirmed'));
  await delay(1);
  assert.deepEqual(messages(), ['how a block stands is not on the disk: the disk is full']);
});

import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { templateDistributionProtocol } from '../../protocols/sv2/template-distribution.ts';
import { proposeBlock } from '../../services/node/propose-block.ts';
import { COINS, fillMempool } from '../harness/full-mempool.ts';
import { jdScene } from '../harness/jd-scene.ts';
import { jdClient } from '../harness/jd-server.ts';
import { until } from '../harness/template-client.ts';
import { type Figure, quantile } from './figure.ts';
import { blocksOf } from './proposed-blocks.ts';

/** How long a miner's own job takes to be a job of the pool's, and what of that is the node's. */

const TRANSACTIONS = 4_000;
const TEMPLATES = 3;
const RUNS = 3;
const LIMIT_MS = 30_000;

export const templateToJob: Figure = {
  name: 'a template of 4,000 transactions at the jd-client, until the pool mines its job',
  unit: 'ms',
  runs: RUNS,
  async open() {
    const closers: (() => unknown)[] = [];
    const session = { after: (close: () => unknown) => void closers.push(close) };
    let began: number | undefined;
    const times: number[] = [];
    const proposed: number[] = [];
    const scene = await jdScene(session, {
      coins: COINS + 1,
      atProvider({ frame }) {
        const { message } = templateDistributionProtocol.decode(frame);
        if (message.name === 'NewTemplate') began ??= performance.now();
        return [frame];
      },
      atPool({ frame }) {
        const { message } = miningProtocol.decode(frame);
        if (message.name === 'SetCustomMiningJob.Success' && began !== undefined) {
          times.push(performance.now() - began);
          began = undefined;
        }
        return [frame];
      },
    });
    const offer = await fillMempool(scene.node, TRANSACTIONS);
    const blocks = await blocksOf(await jdClient(session, scene.server), offer);
    return {
      async run() {
        times.length = 0;
        for (let i = 1; i <= TEMPLATES; i++) {
          await scene.spendCoin();
          await until(() => times.length >= i, 'job that the pool mines', LIMIT_MS);
          const before = performance.now();
          for (const block of blocks) await proposeBlock(scene.node.rpc, block);
          proposed.push(performance.now() - before);
        }
        return { value: quantile(times, 0.5) };
      },
      readings: () => [
        {
          name: 'of which two proposals of such a block take the node',
          unit: 'ms',
          value: quantile(proposed, 0.5),
        },
      ],
      async close() {
        for (const each of closers.reverse()) await each();
      },
    };
  },
};

import { proposeBlock } from '../../services/node/propose-block.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { declarationOf, type NodeOffer } from '../harness/declared-job.ts';
import { COINS, fillMempool } from '../harness/full-mempool.ts';
import { type JdClient, type JdServerProcess, jdClient, jdServer } from '../harness/jd-server.ts';
import { mineCoins, OPEN_MEMPOOL } from '../harness/mempool.ts';
import { cpuUsOf } from './cpu-of.ts';
import { type Figure, quantile } from './figure.ts';
import { keptJob } from './kept-job.ts';
import { blocksOf } from './proposed-blocks.ts';
import { templateToJob } from './template-to-job.ts';

/** Jobs of a full block's number of transactions, all of which jd-server and node know. */

const TRANSACTIONS = 4_000;
const DECLARATIONS = 5;
const RUNS = 3;

interface Scene {
  readonly node: TestNode;
  readonly server: JdServerProcess;
  readonly client: JdClient;
  readonly offer: NodeOffer;
  close(): Promise<void>;
}

async function openScene(): Promise<Scene> {
  const closers: (() => unknown)[] = [];
  const session = { after: (close: () => unknown) => void closers.push(close) };
  const node = await regtestNode(session, { extraArguments: OPEN_MEMPOOL });
  await mineCoins(node, COINS);
  const offer = await fillMempool(node, TRANSACTIONS);
  const server = await jdServer(session, {
    ...node,
    rewardScript: 'raw(51)',
    config: ['declarations_per_minute = 6000'],
  });
  const client = await jdClient(session, server);
  const close = async () => {
    for (const each of closers.reverse()) await each();
  };
  return { node, server, client, offer, close };
}

/** The node's own part of a declaration: two proposals, of which it refuses the one that pays too much. */
const proposals: Figure = {
  name: 'two proposals of a block of 4,000 transactions, asked of the node alone',
  unit: 'a second',
  runs: RUNS,
  async open() {
    const scene = await openScene();
    const { node, client, offer } = scene;
    const blocks = await blocksOf(client, offer);
    return {
      async run() {
        const began = performance.now();
        for (let i = 0; i < DECLARATIONS; i++)
          for (const block of blocks) await proposeBlock(node.rpc, block);
        return { value: (1000 * DECLARATIONS) / (performance.now() - began) };
      },
      close: () => scene.close(),
    };
  },
};

const declared: Figure = {
  name: 'declarations of 4,000 transactions, judged and answered',
  unit: 'a second',
  runs: RUNS,
  limit: { figure: proposals },
  async open() {
    const scene = await openScene();
    const { server, client, offer } = scene;
    const times: number[] = [];
    const cpuUs: number[] = [];
    return {
      async run() {
        const [began, used] = [performance.now(), cpuUsOf(server.role.pid)];
        for (let i = 0; i < DECLARATIONS; i++) {
          const before = performance.now();
          await declare(client, offer);
          times.push(performance.now() - before);
        }
        cpuUs.push((cpuUsOf(server.role.pid) - used) / DECLARATIONS);
        return { value: (1000 * DECLARATIONS) / (performance.now() - began) };
      },
      readings: () => [
        { name: 'from asking for a token to the judged job', unit: 'ms', value: quantile(times, 0.5) },
        { name: "CPU of the jd-server's process for each", unit: 'ms', value: quantile(cpuUs, 0.5) / 1000 },
      ],
      close: () => scene.close(),
    };
  },
};

async function declare(client: JdClient, offer: NodeOffer): Promise<void> {
  client.send({ name: 'AllocateMiningJobToken', user_identifier: 'bench', request_id: 1 });
  client.send(declarationOf(offer, await client.next('AllocateMiningJobToken.Success')));
  await client.next('DeclareMiningJob.Success');
}

export const figures: Figure[] = [proposals, declared, templateToJob, keptJob];

import { setTimeout as delay } from 'node:timers/promises';
import { blockOf } from '../../domain/job-declaration/declared-block.ts';
import { merklePath } from '../../protocols/bitcoin/merkle.ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { proposeBlock } from '../../services/node/propose-block.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { declarationOf, EXTRANONCE_BYTES, type NodeOffer, offerOf } from '../harness/declared-job.ts';
import { type JdClient, type JdServerProcess, jdClient, jdServer } from '../harness/jd-server.ts';
import { ANYONE_SCRIPT, coinbaseCoins, OPEN_MEMPOOL, spend } from '../harness/mempool.ts';
import { cpuUsOf } from './cpu-of.ts';
import { type Figure, quantile } from './figure.ts';
import { keptJob } from './kept-job.ts';

/** Jobs of a full block's number of transactions, all of which jd-server and node know. */

const TRANSACTIONS = 4_000;
const COINS = 20;
/** Of each further output of a spent coin. */
const PADDING = 1_000n;
/** Requests that bitcoind takes at once without asking for patience. */
const AT_ONCE = 8;
const DECLARATIONS = 5;
const RUNS = 3;
const POLL_MS = 200;

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
  await node.rpc.call('generatetodescriptor', [COINS, `raw(${toHex(ANYONE_SCRIPT)})`]);
  await node.generate(100);
  for (const coin of await coinbaseCoins(node, COINS)) await spend(node, coin, 10_000n, TRANSACTIONS / COINS);
  const parents = (await offerOf(node)).transactions;
  await node.generate(1);
  for (const { txid } of parents) {
    const children = Array.from({ length: TRANSACTIONS / COINS }, (_, i) => ({
      txid,
      place: i + 1,
      value: PADDING,
    }));
    for (let i = 0; i < children.length; i += AT_ONCE)
      await Promise.all(children.slice(i, i + AT_ONCE).map((coin) => spend(node, coin, 100n)));
  }
  const server = await jdServer(session, {
    ...node,
    rewardScript: 'raw(51)',
    config: ['declarations_per_minute = 6000'],
  });
  let offer = await offerOf(node);
  while (offer.transactions.length < TRANSACTIONS) {
    await delay(POLL_MS);
    offer = await offerOf(node);
  }
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

async function blocksOf(client: JdClient, offer: NodeOffer): Promise<Uint8Array[]> {
  client.send({ name: 'AllocateMiningJobToken', user_identifier: 'bench', request_id: 1 });
  const token = await client.next('AllocateMiningJobToken.Success');
  return [1n, 0n].map((more) => {
    const { coinbase_tx_prefix, coinbase_tx_suffix, version } = declarationOf(offer, token, {
      pay: (value, outputs) =>
        outputs.map((output, i) => (i === 0 ? { ...output, value: value + more } : output)),
    });
    const declared = {
      coinbase: { prefix: coinbase_tx_prefix, suffix: coinbase_tx_suffix },
      extranonceLength: EXTRANONCE_BYTES,
      transactions: offer.transactions.map(({ data }) => Uint8Array.from(Buffer.from(data, 'hex'))),
      merklePath: merklePath(offer.transactions.map(({ txid }) => reversed(fromHex(txid)))),
      prevHashLe: reversed(fromHex(offer.previousblockhash)),
      bits: Number.parseInt(offer.bits, 16),
      height: offer.height,
      time: offer.curtime,
    };
    const blank = { extranonce: new Uint8Array(EXTRANONCE_BYTES), version, time: offer.curtime, nonce: 0 };
    return blockOf(declared, blank).bytes;
  });
}

export const figures: Figure[] = [proposals, declared, keptJob];

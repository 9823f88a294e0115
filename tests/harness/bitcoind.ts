import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkName } from '../../protocols/bitcoin/network.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import { locateBitcoind } from '../../services/bitcoind/locate.ts';
import { type Bitcoind, startBitcoind } from '../../services/bitcoind/start.ts';
import { freePortBase } from './free-ports.ts';
import { PATIENCE_MS } from './patience.ts';

/** An address on regtest that nobody needs the key of, for blocks that only have to exist. */
export const REGTEST_ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const HEIGHT_POLL_MS = 50;
const MEMPOOL_POLL_MS = 250;

export interface NodeOptions {
  readonly network?: NetworkName;
  /** Loads the `test` wallet too (about 0.2 s more). */
  readonly wallet?: boolean;
  /** Blocks to begin with (default none). */
  readonly blocks?: number;
  readonly extraArguments?: readonly string[];
}

/** A real bitcoind for one test, with its own data folder and port. */
export interface TestNode {
  rpc: BitcoinRpc;
  readonly rpcPort: number;
  readonly rpcUrl: string;
  /** `user:password`, as the credential `bitcoin-rpc` holds it. */
  readonly rpcAuth: string;
  readonly datadir: string;
  /** Mines `count` blocks to `address`; gives their hashes in display order. */
  generate(count: number, address?: string): Promise<string[]>;
  stop(): Promise<void>;
  /** Starts it again on the same data folder and port. */
  restart(): Promise<void>;
}

/** Starts a regtest node that ends with the test. */
export async function regtestNode(
  t: Pick<TestContext, 'after'>,
  options: NodeOptions = {},
): Promise<TestNode> {
  const datadir = await mkdtemp(join(tmpdir(), 'hashpool-bitcoind-'));
  const command = await locateBitcoind();
  const network = options.network ?? 'regtest';
  const rpcAuth = 'hashpool:test-only';
  const wallet = options.wallet ? [] : ['-disablewallet'];
  const extraArguments = [...wallet, '-dbcache=16', '-maxconnections=0', ...(options.extraArguments ?? [])];
  let running: Bitcoind | undefined;
  t.after(async () => {
    await running?.stop();
    await rm(datadir, { recursive: true, force: true });
  });
  const rpcPort = await freePortBase(1);
  const start = (): Promise<Bitcoind> =>
    startBitcoind({ command, datadir, network, rpcPort, rpcAuth, extraArguments });
  running = await start();
  const node: TestNode = {
    rpc: running.rpc,
    rpcPort,
    rpcUrl: running.url,
    rpcAuth,
    datadir,
    async generate(count, address = REGTEST_ADDRESS) {
      const hashes = await node.rpc.call('generatetoaddress', [count, address]);
      if (!Array.isArray(hashes)) throw new Error('generatetoaddress gave no list');
      return hashes.map(String);
    },
    stop: async () => running?.stop(),
    async restart() {
      await running?.stop();
      running = await start();
      node.rpc = running.rpc;
    },
  };
  if (options.wallet) await node.rpc.call('createwallet', ['test']);
  if (options.blocks !== undefined) await node.generate(options.blocks);
  return node;
}

/** Waits until the node's chain has so many blocks; throws where that never comes. */
export async function untilHeight({ rpc }: Pick<TestNode, 'rpc'>, blocks: number): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; (await rpc.call('getblockcount')) !== blocks; ) {
    if (Date.now() > end) throw new Error(`block ${blocks} is not in the chain`);
    await delay(HEIGHT_POLL_MS);
  }
}

/** Has whatever comes into the mempool mined, until a piece of work has ended; gives what came of that. */
export async function mineDuring<T>(node: TestNode, work: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  void work.then(end, end);
  const mine = async () => {
    for (; !isOver; await delay(MEMPOOL_POLL_MS)) {
      const waiting = await node.rpc.call('getrawmempool');
      if (Array.isArray(waiting) && waiting.length > 0) await node.generate(1);
    }
  };
  const [result] = await Promise.all([work, mine()]);
  return result;
}

import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { regtestNode, type TestNode } from './bitcoind.ts';
import { type Interceptor, interceptSv2, type Onward, type Passing } from './interceptor.ts';
import { mineCoins, OPEN_MEMPOOL, spend } from './mempool.ts';
import { type PoolProcess, poolProcess } from './pool.ts';
import { RawMiner, type RawMinerOptions } from './raw-miner.ts';
import { type ProviderProcess, templateProvider } from './template-provider.ts';
import { type WorkMint, workMint } from './work-mint.ts';

type Pass = (passing: Passing) => Onward | Promise<Onward>;

/** Leading zero bits of a block that no test finds. */
export const NEVER_A_BLOCK = 40;

const HIGH_FEE = 100_000n;

export interface PoolSceneOptions {
  /** Leading zero bits that a block must have. */
  readonly blockBits?: number;
  /** Coinbases that anyone can spend, of which `spendCoin` takes the last. */
  readonly coins?: number;
  /** Lines of the pool's config. */
  readonly config?: readonly string[];
  /** Decides on the frames between pool and template provider; left out, nobody is in between. */
  readonly atProvider?: Pass;
}

export interface PoolScene {
  readonly node: TestNode;
  readonly provider: ProviderProcess;
  readonly mint: WorkMint;
  readonly pool: PoolProcess;
  /** Spends the node's one coin for a high fee, so that a better template follows; again and again, if wanted. */
  spendCoin(): Promise<void>;
  /** Connects a miner through somebody who decides on its frames. */
  connectThrough(pass: Pass, options?: Partial<RawMinerOptions>): Promise<RawMiner>;
}

/** A pool that serves miners, with node, template provider and a mint's end of the work link, until the test ends. */
export async function poolScene(
  t: Pick<TestContext, 'after'>,
  options: PoolSceneOptions = {},
): Promise<PoolScene> {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const secretKey = Uint8Array.from(randomBytes(32));
  /** The one in between proves itself by a key of its own, which the side that connects is told to trust. */
  const authorityKey = curve.xOnly(curve.publicKey(secretKey));
  const between: Interceptor[] = [];
  const miners: RawMiner[] = [];
  const intercept = async (server: { host: string; port: number; authorityKey: Uint8Array }, pass: Pass) => {
    const keys = { publicKey: server.authorityKey, secretKey };
    const interceptor = await interceptSv2({ upstream: server, keys, workers, pass });
    between.push(interceptor);
    return interceptor.address;
  };

  const node = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
  const { coins = 1 } = options;
  let coin = (await mineCoins(node, coins)).at(-1);
  const provider = await templateProvider(t, {
    ...node,
    config: [`block_target_bits = ${options.blockBits ?? NEVER_A_BLOCK}`, 'fee_check_interval_sec = 1'],
  });
  const mint = await workMint(t);
  let upstream: Pick<ProviderProcess, 'address' | 'authorityKey'> = provider;
  if (options.atProvider) {
    const [host = '', port] = provider.address.split(':');
    const server = { host, port: Number(port), authorityKey: provider.authorityKey };
    const address = await intercept(server, options.atProvider);
    upstream = { address: `${address.host}:${address.port}`, authorityKey };
  }
  const pool = await poolProcess(t, {
    provider: upstream,
    mint,
    mintPort: mint.server.address.port,
    config: ['pool_signature = "under test"', 'shares_per_minute = 600', ...(options.config ?? [])],
  });
  t.after(async () => {
    for (const miner of miners) miner.connection.close();
    for (const interceptor of between) await interceptor.close();
    await workers.close();
  });
  await pool.role.says(/^serving miners$/);
  return {
    node,
    provider,
    mint,
    pool,
    async spendCoin() {
      if (coin) coin = await spend(node, coin, HIGH_FEE);
    },
    async connectThrough(pass, changes = {}) {
      const address = await intercept(pool, pass);
      const miner = await RawMiner.connect({ ...address, authorityKey, workers, ...changes });
      miners.push(miner);
      return miner;
    },
  };
}

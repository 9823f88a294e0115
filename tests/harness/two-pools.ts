import type { TestContext } from 'node:test';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { regtestNode } from './bitcoind.ts';
import { proxyTcp, type TcpProxy } from './interceptor.ts';
import { type PoolProcess, poolProcess } from './pool.ts';
import { type ProviderProcess, templateProvider } from './template-provider.ts';
import { type TranslatorProcess, translatorProcess } from './translator.ts';
import { type WorkMint, workMint } from './work-mint.ts';

type Test = Pick<TestContext, 'after'>;

/** A pool with a mint of its own, reached over a network that can be made worse. */
export interface UpstreamPool {
  readonly process: PoolProcess;
  readonly mint: WorkMint;
  readonly network: TcpProxy;
}

export interface TwoPools {
  readonly primary: UpstreamPool;
  readonly second: UpstreamPool;
  readonly translator: TranslatorProcess;
}

export interface TwoPoolsOptions {
  /** Shares that prove 2 to this power of hashes are blocks. */
  readonly blockTargetBits: number;
  /** What the pools aim at, 600 where a test's miners submit as often as they like; the translator believes 6. */
  readonly sharesPerMinute?: number;
}

/** Two pools, and the translator with both in its list, connected to the first. */
export async function twoPools(t: Test, options: TwoPoolsOptions): Promise<TwoPools> {
  const { blockTargetBits, sharesPerMinute = 600 } = options;
  const node = await regtestNode(t, { blocks: 1 });
  const config = [`block_target_bits = ${blockTargetBits}`];
  const provider = await templateProvider(t, { ...node, config });
  const open = () => upstreamPool(t, provider, sharesPerMinute);
  const [primary, second] = [await open(), await open()];
  const upstream = ({ process, network }: UpstreamPool) => ({
    poolPort: network.address.port,
    poolKey: encodeAuthorityPublicKey(process.authorityKey),
    paysEhash: true,
  });
  const translator = await translatorProcess(t, { ...upstream(primary), others: [upstream(second)] });
  await translator.role.says(/^connected to pool(;|$)/);
  return { primary, second, translator };
}

async function upstreamPool(t: Test, provider: ProviderProcess, sharesPerMinute: number) {
  const mint = await workMint(t);
  const config = [`shares_per_minute = ${sharesPerMinute}`];
  const process = await poolProcess(t, { provider, mint, mintPort: mint.server.address.port, config });
  await process.role.says(/serving miners/).catch((cause: unknown) => {
    const { status, output } = provider.role;
    throw new Error(`the pool has no work; its template provider: ${status.text}\n${output}`, { cause });
  });
  const network = await proxyTcp({ host: process.host, port: process.port });
  t.after(() => network.close());
  return { process, mint, network };
}

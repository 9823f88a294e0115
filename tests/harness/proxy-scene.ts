import type { TestContext } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { type PoolProcess, poolProcess } from './pool.ts';
import { NEVER_A_BLOCK, type PoolScene, poolScene } from './pool-scene.ts';
import { type TranslatorProcess, translatorProcess } from './translator.ts';
import { type WorkMint, workMint } from './work-mint.ts';

/** Who mines at the upstream: the pool in front of it. */
export const UPSTREAM_USER = encodeHpub(
  fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5'),
);

export interface ProxySceneOptions {
  /** Leading zero bits of a block. */
  readonly blockBits?: number;
  /** Bytes that the upstream leaves the pool in front of it; 8 by default. */
  readonly extranonce2Size?: number;
  /** Shares prove 2^bits hashes at the upstream, by the word of the pool in front, and stay so. */
  readonly upstreamBits: number;
  /** Where the upstream is reached, in place of its own port. */
  readonly upstreamPort?: (port: number) => Promise<number>;
  /** Lines of the config of the pool in front. */
  readonly config?: readonly string[];
  /** Lines of the upstream's table. */
  readonly upstream?: readonly string[];
}

/** A pool in front of an ordinary Stratum V1 pool, which our own roles make. */
export interface ProxyScene {
  /** The upstream's pool, node, template provider and mint. */
  readonly solo: PoolScene;
  /** The upstream's Stratum V1 side. */
  readonly upstream: TranslatorProcess;
  /** Where the pool in front reaches it. */
  readonly upstreamPort: number;
  /** What the pool in front delivers its work to. */
  readonly mint: WorkMint;
  readonly pool: PoolProcess;
  /** What miners connect to. */
  readonly translator: TranslatorProcess;
}

export async function proxyScene(t: TestContext, options: ProxySceneOptions): Promise<ProxyScene> {
  const { blockBits = NEVER_A_BLOCK, extranonce2Size = 8 } = options;
  const { upstreamBits } = options;
  const fixed = [`minimum_bits = ${upstreamBits}`, `maximum_bits = ${upstreamBits}`];
  const config = ['[[difficulty_limits]]', 'user_identity = "hashpool"', ...fixed];
  const solo = await poolScene(t, { blockBits, config });
  const upstream = await translatorProcess(t, { ...reach(solo.pool), extranonce2Size });
  await upstream.role.says(/^connected/);
  const upstreamPort = (await options.upstreamPort?.(upstream.sv1Port)) ?? upstream.sv1Port;
  const mint = await workMint(t, { rewardScript: new Uint8Array() });
  const pool = await poolProcess(t, {
    provider: [
      '[[sv1_upstream]]',
      'address = "127.0.0.1"',
      `port = ${upstreamPort}`,
      `user = "${UPSTREAM_USER}.proxy"`,
      `suggest_difficulty_bits = ${upstreamBits}`,
      ...(options.upstream ?? []),
    ],
    mint,
    mintPort: mint.server.address.port,
    config: [`sv1_block_target_bits = ${blockBits}`, 'shares_per_minute = 600', ...(options.config ?? [])],
  });
  await pool.role.says(/^serving miners$/);
  const translator = await translatorProcess(t, {
    ...reach(pool),
    ...(extranonce2Size < 6 && { extranonce2Size: 2 }),
  });
  await translator.role.says(/^connected/);
  return { solo, upstream, upstreamPort, mint, pool, translator };
}

function reach({ port, authorityKey }: PoolProcess) {
  return { poolPort: port, poolKey: encodeAuthorityPublicKey(authorityKey), paysEhash: true };
}

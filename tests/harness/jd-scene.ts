import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { leadingZeroBits, meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { toHex } from '../../protocols/bytes.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  WORKER_NAME_EXTENSION,
} from '../../protocols/ehash/extension.ts';
import { encodeWorkerName } from '../../protocols/sv2/extensions/worker-names.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import type { TestNode } from './bitcoind.ts';
import type { Onward, Passing } from './interceptor.ts';
import { inFrontOf, type JdClientProcess, jdClientProcess } from './jd-client.ts';
import { type JdServerProcess, jdServer } from './jd-server.ts';
import { type PoolScene, poolScene } from './pool-scene.ts';
import type { RawChannel } from './raw-miner.ts';
import { until } from './template-client.ts';
import type { WorkMint } from './work-mint.ts';

export type Pass = (passing: Passing) => Onward | Promise<Onward>;

export interface JdSceneOptions {
  readonly poolConfig?: readonly string[];
  readonly jdConfig?: readonly string[];
  readonly config?: readonly string[];
  readonly blockBits?: number;
  /** As of the pool's scene. */
  readonly coins?: number;
  /** The node of the jd-server; left out, it is the miner's and the pool's. */
  readonly serverNode?: (all: PoolScene) => Promise<Pick<TestNode, 'rpcUrl' | 'rpcAuth'>>;
  /** Decides on the frames between the jd-client and the jd-server, the pool, the template provider. */
  readonly atServer?: Pass;
  readonly atPool?: Pass;
  readonly atProvider?: Pass;
  /** The same between pool and template provider. */
  readonly atPoolsProvider?: Pass;
}

/** Miners' own jobs, with all roles that they go through. */
export interface JdScene extends PoolScene {
  readonly server: JdServerProcess;
  readonly client: JdClientProcess;
  /** Signs the tokens of the jd-server. */
  readonly tokenSecret: Uint8Array;
  /** The key that the miner's shares name. */
  readonly key: Uint8Array;
}

/** Node, template provider, mint, pool, jd-server and jd-client, until the test ends. */
export async function jdScene(t: Pick<TestContext, 'after'>, options: JdSceneOptions = {}): Promise<JdScene> {
  const { curve } = await loadCrypto();
  const tokenSecret = Uint8Array.from(randomBytes(32));
  const all = await poolScene(t, {
    blockBits: options.blockBits ?? 40,
    coins: options.coins ?? 1,
    config: [`jd_token_keys = ["${toHex(curve.publicKey(tokenSecret))}"]`, ...(options.poolConfig ?? [])],
    ...(options.atPoolsProvider ? { atProvider: options.atPoolsProvider } : {}),
  });
  await all.spendCoin();
  const server = await jdServer(t, {
    ...(await (options.serverNode?.(all) ?? all.node)),
    rewardScript: 'raw(51)',
    tokenSecret,
    config: options.jdConfig ?? [],
  });
  const through = (known: { address: string; authorityKey: Uint8Array }, pass: Pass | undefined) =>
    pass ? inFrontOf(t, { ...known, ...hostAndPort(known.address) }, pass) : known;
  const client = await jdClientProcess(t, {
    provider: await through(all.provider, options.atProvider),
    upstreams: [
      {
        pool: options.atPool ? await inFrontOf(t, all.pool, options.atPool) : all.pool,
        jdServer: await through(server, options.atServer),
      },
    ],
    config: ['shares_per_minute = 600', ...(options.config ?? [])],
  });
  return { ...all, server, client, tokenSecret, key: curve.publicKey(Uint8Array.from(randomBytes(32))) };
}

/** A miner's channel at the jd-client. */
export async function channelOf({ client }: Pick<JdScene, 'client'>): Promise<RawChannel> {
  await client.role.says(/^mining /);
  const miner = await client.connect({ extensions: [WORKER_NAME_EXTENSION, EHASH_EXTENSION] });
  return miner.open({ user_identity: 'farm.rig' });
}

/** Mines a share and hands it in. */
export function share(channel: RawChannel, key: Uint8Array, seed = 0, bits = 0): Promise<string> {
  const extranonce = new Uint8Array(channel.extranonceSize).fill(seed);
  const fits = (hash: Uint8Array) => meetsTargetLe(hash, channel.target) && leadingZeroBits(hash) >= bits;
  return channel.submit(channel.mine(fits, { extranonce }), shareTlvs(key));
}

/** What a share says beside its proof: its worker, and the key that is paid. */
export function shareTlvs(key: Uint8Array): Tlv[] {
  return [encodeWorkerName('rig'), { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: key }];
}

/** Waits until the mint has so many shares. */
export function has(mint: WorkMint, shares: number): Promise<void> {
  return until(() => mint.shares.length >= shares, `${shares} shares at the mint`);
}

import { scriptFromDescriptor } from '../../protocols/bitcoin/descriptor.ts';
import type { NetworkName } from '../../protocols/bitcoin/network.ts';
import { equalBytes, fromHex, toHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { messageOf } from '../../protocols/errors.ts';
import { ConfigError } from '../../runtime/config/load.ts';
import type { Issuer } from '../../services/work-link/server.ts';
import type { MintConfig } from './config.ts';
import type { Signer } from './signer/signer.ts';

/** A pool of the config, its references read. */
export interface Pool extends Issuer {
  /** 33 bytes. */
  readonly poolId: Uint8Array;
  /** What its blocks pay: no other pool's do. Undefined where they pay an upstream of the pool's. */
  readonly script: Uint8Array | undefined;
  /** Hashes. */
  readonly workPerHour: bigint;
  /** The operator's part of what backs its epochs, in millionths. */
  readonly feePpm: number;
  /** How rewards that come over Lightning close its epochs; undefined where blocks do. */
  readonly lightning?: { readonly periodBlocks: number; readonly minimum: bigint } | undefined;
}

const HASHES_OF_DIFFICULTY_ONE = 1n << 32n;

/**
 * Reads the config's pools.
 * @param read gives the value behind a reference
 * @throws ConfigError where a key is no point, a descriptor is none, or an id or a script stands twice
 */
export async function readPools(
  config: MintConfig['pool'],
  read: (reference: string) => string,
  signer: Pick<Signer, 'arePoints'>,
  bitcoin: { readonly network: NetworkName; readonly curve: Curve },
): Promise<Pool[]> {
  const pools = config.map(
    ({ pool_id, issuer_keys, server_ids, work_per_hour, coinbase_reward_script, fee_ppm, ...table }, i) => ({
      poolId: keyOf(read(pool_id), `[[pool]] number ${i + 1}, pool_id`),
      issuerKeys: issuer_keys.map((key) => keyOf(read(key), `[[pool]] number ${i + 1}, issuer_keys`)),
      serverIds: server_ids,
      script:
        coinbase_reward_script === undefined
          ? undefined
          : scriptOf(coinbase_reward_script, `[[pool]] number ${i + 1}`, bitcoin),
      workPerHour: BigInt(work_per_hour) * HASHES_OF_DIFFICULTY_ONE,
      feePpm: fee_ppm,
      lightning:
        table.rewards === 'lightning'
          ? { periodBlocks: table.reward_period_blocks, minimum: BigInt(table.reward_minimum) }
          : undefined,
    }),
  );
  const keys = pools.flatMap(({ poolId, issuerKeys }) => [poolId, ...issuerKeys]);
  const bad = (await signer.arePoints(keys)).indexOf(false);
  const badKey = keys[bad];
  if (badKey) throw new ConfigError(`[[pool]] has a key that is no point of secp256k1: ${toHex(badKey)}`);
  refuseDoubles(pools, ({ poolId }) => poolId, 'pool_id stands twice; each pool may stand once');
  refuseDoubles(
    pools,
    ({ script }) => script,
    'coinbase_reward_script is that of two pools; give each its own',
  );
  return pools;
}

function refuseDoubles(
  pools: readonly Pool[],
  of: (pool: Pool) => Uint8Array | undefined,
  words: string,
): void {
  const values = pools.flatMap((pool) => of(pool) ?? []).map(toHex);
  if (new Set(values).size < values.length) throw new ConfigError(`[[pool]] ${words}`);
}

/** The pool of that id, if there is one. */
export function poolOf(pools: readonly Pool[], poolId: Uint8Array): Pool | undefined {
  return pools.find((pool) => equalBytes(pool.poolId, poolId));
}

function scriptOf(
  descriptor: string,
  where: string,
  { network, curve }: { readonly network: NetworkName; readonly curve: Curve },
): Uint8Array {
  try {
    return scriptFromDescriptor(descriptor, network, curve);
  } catch (cause) {
    throw new ConfigError(`${where}, coinbase_reward_script: ${messageOf(cause)}`, { cause });
  }
}

function keyOf(text: string, where: string): Uint8Array {
  try {
    return fromHex(text, where, 33);
  } catch (cause) {
    throw new ConfigError(messageOf(cause), { cause });
  }
}

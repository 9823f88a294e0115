import type { PayoutRoom } from '../../domain/jobs/payouts.ts';
import type { PoolCoinbase } from '../../domain/jobs/pool-coinbase.ts';
import { DifficultyLimits } from '../../domain/vardiff/difficulty-limits.ts';
import { scriptFromDescriptor } from '../../protocols/bitcoin/descriptor.ts';
import { fromHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { decodeAuthorityPublicKey, decodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { extensionNames } from '../../protocols/sv2/extensions/request-extensions.ts';
import { decoded, decodePoint } from '../../runtime/config/decode.ts';
import { ConfigError } from '../../runtime/config/load.ts';
import { type ExtensionTerms, SPOKEN_EXTENSIONS } from '../../services/mining-server/extensions.ts';
import type { PoolConfig, PoolShared } from './config.ts';
import type { UpstreamAccount } from './sv1-upstream/session.ts';

/** Where work comes from. */
export type SourceSettings =
  | {
      readonly kind: 'templates';
      readonly address: string;
      readonly authorityKey: Uint8Array;
      /** The coinbase but for the keyset, which the mint names. */
      readonly coinbase: Omit<PoolCoinbase, 'keysetId'>;
      /** What payouts to others may take in the coinbase; nothing of it where the pool makes none. */
      readonly payoutRoom: PayoutRoom;
    }
  | { readonly kind: 'upstreams'; readonly accounts: readonly UpstreamAccount[] };

/** Of a hundred outputs to public key hashes. */
const USUAL_PAYOUT_SIGOPS = 400;

/** The config's texts and references as the bytes they stand for. */
export interface PoolSettings {
  readonly keys: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  readonly issuerSecretKey: Uint8Array;
  readonly poolId: Uint8Array;
  readonly mintKey: Uint8Array;
  readonly source: SourceSettings;
  readonly houseKey: Uint8Array | undefined;
  readonly difficultyLimits: DifficultyLimits;
  readonly extensions: ExtensionTerms;
  /** Public keys of the jd-servers whose tokens are good, 33 bytes each. */
  readonly tokenKeys: readonly Uint8Array[];
}

/**
 * @param read resolves a reference
 * @throws ConfigError naming the key that can't be used
 */
export function readSettings(
  config: PoolConfig,
  shared: PoolShared,
  read: (reference: string) => string,
  curve: Curve,
): PoolSettings {
  const { mint, pool } = shared;
  const { house_key } = config;
  return {
    keys: {
      publicKey: decoded('authority_public_key', () =>
        decodeAuthorityPublicKey(read(config.authority_public_key)),
      ),
      secretKey: decoded('authority_secret_key', () =>
        decodeAuthoritySecretKey(read(config.authority_secret_key)),
      ),
    },
    issuerSecretKey: decoded('issuer_secret_key', () =>
      fromHex(read(config.issuer_secret_key), 'its value', 32),
    ),
    poolId: decoded('pool.pool_id', () => decodePoint(read(pool.pool_id), curve)),
    mintKey: decoded('mint.work_link_public_key', () =>
      decodeAuthorityPublicKey(read(mint.work_link_public_key)),
    ),
    source: config.sv1_upstream
      ? { kind: 'upstreams', accounts: readUpstreams(config.sv1_upstream, config.version_rolling_mask, read) }
      : readTemplates(config, shared, read, curve),
    houseKey:
      house_key === undefined ? undefined : decoded('house_key', () => decodePoint(read(house_key), curve)),
    difficultyLimits: readDifficultyLimits(config.difficulty_limits ?? []),
    extensions: readExtensions(config),
    tokenKeys: config.jd_token_keys.map((key, i) =>
      decoded(`jd_token_keys[${i}]`, () => decodePoint(read(key), curve)),
    ),
  };
}

function readTemplates(
  config: PoolConfig,
  { bitcoin }: PoolShared,
  read: (reference: string) => string,
  curve: Curve,
): SourceSettings {
  const { tp_address, coinbase_reward_script, coinbase_outputs = [] } = config;
  if (tp_address === undefined || coinbase_reward_script === undefined)
    throw new ConfigError(
      'tp_address and coinbase_reward_script are needed where there is no [[sv1_upstream]]',
    );
  const script = (key: string, descriptor: string) =>
    decoded(key, () => scriptFromDescriptor(descriptor, bitcoin.network, curve));
  return {
    kind: 'templates',
    address: tp_address,
    authorityKey: decoded('tp_authority_public_key', () =>
      decodeAuthorityPublicKey(read(config.tp_authority_public_key)),
    ),
    payoutRoom: {
      size: config.coinbase_payouts_max_size ?? 0,
      sigops: config.coinbase_payouts_max_sigops ?? USUAL_PAYOUT_SIGOPS,
    },
    coinbase: {
      signature: config.pool_signature,
      rewardScript: script('coinbase_reward_script', coinbase_reward_script),
      rewardWeight: config.coinbase_reward_weight,
      otherRewards: coinbase_outputs.map((output, i) => {
        return { script: script(`coinbase_outputs[${i}].script`, output.script), weight: output.weight };
      }),
    },
  };
}

/** @throws ConfigError naming the upstream whose password or authority can't be read */
export function readUpstreams(
  tables: NonNullable<PoolConfig['sv1_upstream']>,
  versionMask: number,
  read: (reference: string) => string,
): UpstreamAccount[] {
  return tables.map(({ address, port, tls, tls_ca, user, password, suggest_difficulty_bits }, i) => ({
    host: address,
    port,
    tls,
    tlsCa: tls_ca === undefined ? undefined : decoded(`sv1_upstream[${i}].tls_ca`, () => read(tls_ca)),
    user,
    password: password === undefined ? 'x' : decoded(`sv1_upstream[${i}].password`, () => read(password)),
    suggestBits: suggest_difficulty_bits,
    versionMask,
  }));
}

/** @throws ConfigError where a list names what can't be spoken */
export function readExtensions({
  supported_extensions: supported,
  required_extensions: required,
}: Pick<PoolConfig, 'supported_extensions' | 'required_extensions'>): ExtensionTerms {
  const check = (key: string, named: readonly number[], allowed: readonly number[]): void => {
    const other = named.filter((extension) => !allowed.includes(extension));
    if (other.length === 0) return;
    const words = allowed.length === 0 ? 'no other is in supported_extensions' : extensionNames(allowed);
    throw new ConfigError(`${key} names ${extensionNames(other)}; allowed here: ${words}`);
  };
  check('supported_extensions', supported, SPOKEN_EXTENSIONS);
  check('required_extensions', required, supported);
  return { supported, required };
}

/**
 * @param tables of `pool.config.toml`
 * @throws ConfigError where a table contradicts itself or an earlier one
 */
export function readDifficultyLimits(tables: NonNullable<PoolConfig['difficulty_limits']>): DifficultyLimits {
  const named = new Set<string>();
  const limits = tables.map(({ user_identity, minimum_bits, maximum_bits }, i) => {
    const refuse = (words: string) => new ConfigError(`difficulty_limits[${i}] can't be used: ${words}`);
    if (named.has(user_identity)) throw refuse(`${user_identity} has a table already; make them one`);
    if (minimum_bits !== undefined && maximum_bits !== undefined && minimum_bits > maximum_bits) {
      throw refuse(`minimum_bits ${minimum_bits} is above maximum_bits ${maximum_bits}; exchange them`);
    }
    named.add(user_identity);
    return { userIdentity: user_identity, minimumBits: minimum_bits, maximumBits: maximum_bits };
  });
  return new DifficultyLimits(limits);
}

import { scriptFromDescriptor } from '../../protocols/bitcoin/descriptor.ts';
import { fromHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { decodeAuthorityPublicKey, decodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { decoded, decodePoint } from '../../runtime/config/decode.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { JdClientConfig, JdClientShared } from './config.ts';

/** A server that is known by its authority key; undefined: whoever answers is believed. */
export interface KnownServer {
  readonly host: string;
  readonly port: number;
  /** 32 bytes, x-only. */
  readonly authorityKey: Uint8Array | undefined;
}

/** A pool in logs, and in what is kept. */
export function poolName({ host, port }: Pick<KnownServer, 'host' | 'port'>): string {
  return `${host}:${port}`;
}

/** A pool and its jd-server. */
export interface UpstreamSettings {
  readonly pool: KnownServer;
  readonly jobDeclarator: KnownServer;
  readonly paysEhash: boolean;
}

/** The config's texts and references as the bytes they stand for. */
export interface JdClientSettings {
  readonly keys: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  readonly templateProviderKey: Uint8Array;
  readonly upstreams: readonly UpstreamSettings[];
  /** Output script of solo mining. */
  readonly soloScript: Uint8Array;
  /** Who is paid where a miner names nobody; undefined: such miners are refused. */
  readonly houseKey: Uint8Array | undefined;
}

/** Stands for the key of miners where no pool pays ehash; it goes nowhere. */
const NOBODY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

/** @throws ConfigError naming the key that can't be used */
export function readSettings(
  { config, shared, read }: Pick<RoleContext<JdClientConfig, JdClientShared>, 'config' | 'shared' | 'read'>,
  curve: Curve,
): JdClientSettings {
  const publicKey = (key: string, reference: string): Uint8Array =>
    decoded(key, () => decodeAuthorityPublicKey(read(reference)));
  const known = (key: string, reference: string | undefined): Uint8Array | undefined =>
    reference === undefined ? undefined : publicKey(key, reference);
  const { house_key: houseKey } = config;
  const unnamed = config.upstreams.some(({ pays_ehash }) => pays_ehash) ? undefined : NOBODY;
  return {
    keys: {
      publicKey: publicKey('authority_public_key', config.authority_public_key),
      secretKey: decoded('authority_secret_key', () =>
        decodeAuthoritySecretKey(read(config.authority_secret_key)),
      ),
    },
    templateProviderKey: publicKey('tp_authority_public_key', config.tp_authority_public_key),
    upstreams: config.upstreams.map((each, i) => ({
      pool: {
        host: each.pool_address,
        port: each.pool_port,
        authorityKey: known(`upstreams[${i}].authority_pubkey`, each.authority_pubkey),
      },
      jobDeclarator: {
        host: each.jds_address,
        port: each.jds_port,
        authorityKey: known(`upstreams[${i}].jds_authority_pubkey`, each.jds_authority_pubkey),
      },
      paysEhash: each.pays_ehash,
    })),
    soloScript: decoded('coinbase_reward_script', () =>
      scriptFromDescriptor(config.coinbase_reward_script, shared.bitcoin.network, curve),
    ),
    houseKey:
      houseKey === undefined ? unnamed : decoded('house_key', () => decodePoint(read(houseKey), curve)),
  };
}

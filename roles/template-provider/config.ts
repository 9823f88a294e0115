import {
  address,
  type ConfigOf,
  integer,
  optional,
  publicValue,
  secret,
  table,
} from '../../runtime/config/fields.ts';
import type { poolSide } from '../../services/shared-config/pool-side.ts';
import { statsClientConfig } from '../../services/stats/config.ts';

export const templateProviderConfig = table({
  listen_address: address('where pools fetch their templates (SV2 template distribution)', {
    default: '127.0.0.1:8442',
  }),
  authority_public_key: publicValue('the key by which clients know this template provider', {
    default: 'public:template-provider-authority.pub',
  }),
  authority_secret_key: secret('signs the certificate of each connection', {
    default: 'credential:template-provider-authority',
  }),
  cert_validity_sec: integer('life of a certificate, in seconds', {
    min: 60,
    max: 31_536_000,
    default: 3600,
  }),
  tip_poll_interval_ms: integer('how often the node is asked for its best block, beside the long poll', {
    min: 100,
    max: 60_000,
    default: 1000,
  }),
  fee_check_interval_sec: integer('how often a better template on the same block is looked for', {
    min: 1,
    max: 3600,
    default: 30,
  }),
  fee_delta_sat: integer('how many satoshis more it must pay to be sent', {
    min: 0,
    max: 100_000_000,
    default: 1000,
  }),
  stats: statsClientConfig,
  block_target_bits: optional(
    integer(
      'regtest only: leading zero bits that a block must have, so that blocks come as rarely as wanted',
      {
        min: 1,
        max: 64,
      },
    ),
  ),
});

export type TemplateProviderConfig = ConfigOf<typeof templateProviderConfig>;

/** What the keys must agree on among each other; undefined where they do. */
export function checkTemplateProvider(
  config: TemplateProviderConfig,
  shared: ConfigOf<typeof poolSide>,
): string | undefined {
  const { network } = shared.bitcoin;
  if (config.block_target_bits !== undefined && network !== 'regtest') {
    return `block_target_bits is for regtest only, and bitcoin.network is ${network}; remove it`;
  }
  if (network === 'signet') {
    return 'bitcoin.network is signet, whose blocks need a signature that no template provider can give';
  }
  return undefined;
}

import { address, publicValue, table, url } from '../../runtime/config/fields.ts';
import { bitcoinConfig } from './bitcoin.ts';

/** `shared/pool.toml`: what the roles of the server side must agree on. */
export const poolSide = table({
  bitcoin: bitcoinConfig,
  mint: table({
    url: url("the mint's address, as wallets reach it"),
    work_link_address: address('where the mint takes proven work from the pool'),
    work_link_public_key: publicValue("the mint's authority key, by which the pool knows it"),
  }),
  pool: table({
    pool_id: publicValue(
      "the pool's identity: a compressed public key in hex, never rotated; it names the units of ehash",
    ),
  }),
});

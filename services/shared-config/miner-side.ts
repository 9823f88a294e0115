import { choice, defaulted, table, url } from '../../runtime/config/fields.ts';

/** `shared/miner.toml`: what the roles of the client side must agree on. */
export const minerSide = table({
  bitcoin: defaulted({
    network: choice('the chain that the pool mines on', ['mainnet', 'testnet4', 'signet', 'regtest'], {
      default: 'mainnet',
    }),
  }),
  mint: table({ url: url('the mint that pays: where the wallet collects its ehash') }),
});

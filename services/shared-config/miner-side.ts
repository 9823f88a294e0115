import { table, url } from '../../runtime/config/fields.ts';

/** `shared/miner.toml`: what the roles of the client side must agree on. */
export const minerSide = table({
  mint: table({ url: url('the mint that pays: where the wallet collects its ehash') }),
});

import { flag, integer, list, table, text } from '../../../../runtime/config/fields.ts';

const MAX_BLOCKS = 1_008;
const MAX_RATE = 10_000;

/** `[payments.bitcoind]`: a wallet of the shared file's `[bitcoin]` node. */
export const bitcoindConfig = table({
  wallet: text("the name of bitcoind's wallet; it is the mint's alone, nobody else spends from it", {
    pattern: '^[A-Za-z0-9._-]+$',
    allowed: 'letters, digits, ".", "_" and "-"',
    maxLength: 100,
    default: 'hashpool-mint',
  }),
  create_wallet: flag('makes that wallet, unencrypted, where bitcoind has none of the name', {
    default: false,
  }),
  confirmations: integer('blocks, its own included, after which a deposit counts and a payout is final', {
    min: 1,
    max: 100,
    default: 6,
  }),
  fee_targets: list(
    integer('blocks', { min: 1, max: MAX_BLOCKS }),
    'in how many blocks wallets may want a payout to be confirmed: an option for each, at the fee that the node estimates',
    { min: 1, max: 5, default: [2, 12, 144] },
  ),
  min_fee_rate: integer('the least fee rate of a payout, in sats for a virtual byte', {
    min: 1,
    max: MAX_RATE,
    default: 1,
  }),
  max_fee_rate: integer('the highest, also of a payout that is stuck and whose fee is raised', {
    min: 1,
    max: MAX_RATE,
    default: 300,
  }),
  batch_seconds: integer('for how long payouts are gathered to share a transaction', {
    min: 0,
    max: 3_600,
    default: 30,
  }),
});

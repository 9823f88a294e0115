import type { Static } from 'typebox';
import { defaulted, flag, integer } from '../../../runtime/config/fields.ts';

const units = (description: string, value: number) =>
  integer(`${description}, in ehash`, { min: 1, max: Number.MAX_SAFE_INTEGER, default: value });

/** `[faucet]`: tokens for whoever asks, on test networks. */
export const faucetConfig = defaulted({
  enabled: flag('whether the wallet gives tokens away to whoever asks over its socket; never on mainnet', {
    default: false,
  }),
  amount: units('what is given at once', 1_000),
  per_address_per_day: units('what one address gets in 24 hours', 5_000),
  total_per_day: units('what all together get in 24 hours', 100_000),
});

export type FaucetConfig = Static<typeof faucetConfig>;

/** What a schema can't say of the faucet: the first rule that is broken, in words. */
export function checkFaucet(
  faucet: FaucetConfig,
  { network, socketPath }: { network: string; socketPath: string | undefined },
): string | undefined {
  const { enabled, amount, per_address_per_day: perAddress, total_per_day: total } = faucet;
  if (!enabled) return undefined;
  if (network === 'mainnet') {
    return '[faucet] enabled = true gives tokens away on mainnet: turn it off, or name the test network in the shared file, [bitcoin] network';
  }
  if (socketPath === undefined) {
    return '[faucet] enabled = true has no socket to be asked over: name one by [wallet] socket_path';
  }
  if (amount > perAddress) {
    return `[faucet] amount = ${amount} is more than per_address_per_day = ${perAddress}: nobody would get anything`;
  }
  if (perAddress > total) {
    return `[faucet] per_address_per_day = ${perAddress} is more than total_per_day = ${total}: lower the first`;
  }
  return undefined;
}

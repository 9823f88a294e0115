import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';

/**
 * Whether all that a coinbase pays goes to the pool: who keeps a part of the reward is paid no ehash for it.
 * @returns satoshis to the pool
 * @throws HashpoolError 'invalid-coinbase-tx-outputs' where an output that is not empty pays somebody else, or none the pool
 */
export function poolPayout(outputs: readonly TransactionOutput[], rewardScript: Uint8Array): bigint {
  let sum = 0n;
  for (const [i, { value, script }] of outputs.entries()) {
    if (value === 0n) continue;
    if (!equalBytes(script, rewardScript))
      throw refusal(`output ${i} of the coinbase pays ${value} sat to a script that is not the pool's`);
    sum += value;
  }
  if (sum === 0n) throw refusal('no output of the coinbase pays the pool');
  return sum;
}

const refusal = (words: string) =>
  new HashpoolError(
    'invalid-coinbase-tx-outputs',
    `${words}: pay the whole reward to the first output of the token`,
  );

import { messageOf } from '../../../protocols/errors.ts';
import { ConfigError } from '../../../runtime/config/load.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { MintConfig } from '../config.ts';
import type { Pool } from '../pools.ts';
import type { PaymentBackend } from './backend.ts';

/** Until a wallet that can't be asked is asked again. */
const ASK_AGAIN_MS = 5_000;

export interface RewardScriptParts {
  /** The config's, in the order of `pools`. */
  readonly config: MintConfig['pool'];
  readonly pools: readonly Pick<Pool, 'script'>[];
  readonly backends: readonly Pick<PaymentBackend, 'owns'>[];
  readonly log: Pick<Logger, 'warn'>;
  readonly askAgainMs?: number;
  /** Ends the mint. */
  fail(error: ConfigError): void;
}

/**
 * Sees to it that rewards go where their operator can get at them: what a pool's blocks pay is of the wallet that pays
 * sats out, or was stated to be of another one of the operator's. Where that wallet can't be asked yet, it is asked until it can.
 * @throws ConfigError where a script is neither
 */
export async function checkRewardScripts(parts: RewardScriptParts): Promise<{ close(): void }> {
  const { log, askAgainMs = ASK_AGAIN_MS } = parts;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  async function check(atStart: boolean): Promise<void> {
    try {
      const trouble = await undeclared(parts);
      if (trouble === undefined || isClosed) return;
      if (atStart) throw trouble;
      parts.fail(trouble);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      if (atStart)
        log.warn(
          `whether rewards go to the mint's wallet is looked at once that answers: ${messageOf(error)}`,
        );
      if (!isClosed) timer = setTimeout(() => void check(false), askAgainMs);
    }
  }
  await check(true);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** The first script that is nobody's. */
async function undeclared({ config, pools, backends }: RewardScriptParts): Promise<ConfigError | undefined> {
  const wallet = backends.find(({ owns }) => owns !== undefined);
  for (const [i, { script }] of pools.entries()) {
    if (!wallet?.owns || script === undefined || config[i]?.reward_is_cold === true) continue;
    if (await wallet.owns(script)) continue;
    return new ConfigError(
      `[[pool]] number ${i + 1}, coinbase_reward_script: the wallet in [payments.bitcoind] can't spend it, so that rewards would not be there to pay sats out; take a script of that wallet (getnewaddress), or if it is another wallet of yours, set reward_is_cold = true`,
    );
  }
  return undefined;
}

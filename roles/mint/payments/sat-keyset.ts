import { isHashpoolError } from '../../../protocols/errors.ts';
import { ConfigError } from '../../../runtime/config/load.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { KeysetBook } from '../keyset-book.ts';
import { PAYMENT_UNIT, type PaymentsConfig } from './config.ts';

/**
 * Opens the sat keyset that the config asks for, and retires those before it.
 * @throws ConfigError where its index was used with other terms, or is behind the active one's
 */
export async function openSatKeyset(
  keysets: KeysetBook,
  terms: Pick<PaymentsConfig, 'keyset' | 'input_fee_ppk' | 'final_expiry'>,
  log: Logger,
): Promise<void> {
  const { keyset: derivationIndex, input_fee_ppk: inputFeePpk, final_expiry } = terms;
  const finalExpiry = final_expiry === 0 ? undefined : final_expiry;
  try {
    const isNew = await keysets.rotateTo({ unit: PAYMENT_UNIT, derivationIndex, inputFeePpk, finalExpiry });
    if (isNew)
      log.info(
        { keyset: derivationIndex, id: keysets.active(PAYMENT_UNIT)?.id },
        'a new sat keyset is active',
      );
  } catch (error) {
    if (!isHashpoolError(error, 'keyset-terms')) throw error;
    throw new ConfigError(`[payments] keyset = ${derivationIndex}: ${error.message}`, { cause: error });
  }
}

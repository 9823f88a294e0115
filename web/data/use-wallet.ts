import type { WalletView } from '../../services/stats/api/schemas/wallet.ts';
import type { Reading } from './reading.ts';
import { useApi } from './use-api.ts';

/** Lines that are read of its history: hours of minting stand in one line each. */
const LINES = 50;

/** The translator's wallet. */
export function useWallet(): Reading<WalletView> {
  return useApi<WalletView>(`api/wallet?limit=${LINES}`);
}

import type { FastifyInstance } from 'fastify';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import type { ApiContext } from '../../services/stats/api/context.ts';
import {
  type FaucetView,
  faucetSchema,
  type GiftView,
  giftSchema,
} from '../../services/stats/api/schemas/faucet.ts';
import { noQuery } from '../../services/stats/api/schemas/queries.ts';
import { refuseOtherSites } from './own-page.ts';
import type { WalletLink } from './wallet-link.ts';

/** The translator's faucet, for whoever looks at the dashboard; it is the faucet that limits what it gives. */
export function faucetRoutes(
  http: FastifyInstance,
  { clock }: ApiContext,
  wallet: WalletLink | undefined,
): void {
  http.get(
    '/api/faucet',
    {
      schema: {
        querystring: noQuery,
        response: { 200: faucetSchema },
        summary: 'Whether tokens are given away for trials, and how many',
      },
    },
    async (): Promise<FaucetView> => {
      const status = await statusOf(wallet);
      return {
        as_of: clock(),
        enabled: status['enabled'] === true,
        amount: Number(status['amount'] ?? 0),
        per_address_per_day: Number(status['per_address_per_day'] ?? 0),
        total_per_day: Number(status['total_per_day'] ?? 0),
        given: Number(status['given'] ?? 0),
      };
    },
  );
  http.post(
    '/api/faucet',
    {
      schema: {
        response: { 200: giftSchema },
        summary: 'A token of the translator’s wallet, within the limits of its faucet',
      },
    },
    async (request): Promise<GiftView> => {
      refuseOtherSites(request);
      if (wallet === undefined) throw new HashpoolError('wallet-unavailable', 'no wallet is configured here');
      const gift = await wallet.give(request.ip);
      return { token: String(gift['token']), amount: String(gift['amount']), unit: String(gift['unit']) };
    },
  );
}

/** A faucet that can't be asked gives nothing. */
async function statusOf(wallet: WalletLink | undefined): Promise<Record<string, unknown>> {
  if (wallet === undefined) return {};
  try {
    return await wallet.faucet();
  } catch (error) {
    if (isHashpoolError(error) && error.code === 'wallet-unavailable') return {};
    throw error;
  }
}

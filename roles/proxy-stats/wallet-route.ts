import type { FastifyInstance } from 'fastify';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { ApiContext } from '../../services/stats/api/context.ts';
import {
  type WalletQuery,
  type WalletView,
  walletQuery,
  walletSchema,
} from '../../services/stats/api/schemas/wallet.ts';
import type { EpochViews } from './epoch-views.ts';
import type { WalletLink } from './wallet-link.ts';

/** Sums and lines of the translator's wallet; nothing of it can be spent. */
export function walletRoute(
  http: FastifyInstance,
  { clock }: ApiContext,
  wallet: WalletLink | undefined,
  epochs: Pick<EpochViews, 'of'>,
): void {
  http.get<{ Querystring: WalletQuery }>(
    '/api/wallet',
    {
      schema: {
        querystring: walletQuery,
        response: { 200: walletSchema },
        summary: "The translator's wallet: what it holds, what came and went",
      },
    },
    async ({ query: { limit, before } }): Promise<WalletView> => {
      const unavailable = (why: string): WalletView => ({
        as_of: clock(),
        available: false,
        why,
        balances: [],
        history: [],
        next: null,
      });
      if (!wallet) {
        return unavailable(
          "[probes] wallet_socket names no socket: set it to the translator's [wallet] socket_path",
        );
      }
      const answers = await Promise.all([wallet.balance(), wallet.history(limit, before)]).catch(reasonOf);
      if (typeof answers === 'string') return unavailable(answers);
      const [balance, history] = answers;
      const lines = rows(history['lines']);
      const balances = rows(balance['balances']);
      const views = await epochs.of(balances.map((row) => String(row['unit'])));
      return {
        as_of: clock(),
        available: true,
        why: '',
        balances: balances.map((row) => ({
          unit: String(row['unit']),
          amount: String(row['amount']),
          waiting: String(row['waiting']),
          reserved: String(row['reserved']),
          sent: String(row['sent']),
          epoch: views.get(String(row['unit'])) ?? null,
        })),
        history: lines.map((row) => ({
          id: Number(row['id']),
          at: Number(row['at']),
          kind: String(row['kind']),
          unit: String(row['unit']),
          amount: String(row['amount']),
          fee: String(row['fee']),
          operations: Number(row['operations']),
          note: String(row['note']),
        })),
        next: history['next'] === null ? null : Number(history['next']),
      };
    },
  );
}

/** A wallet that is away is an answer, and no failure of this service. */
function reasonOf(error: unknown): string {
  if (isHashpoolError(error) && error.code === 'wallet-unavailable') return error.message;
  throw error;
}

function rows(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}

import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Wallet } from '../../../services/wallet/wallet.ts';
import type { Faucet } from './faucet.ts';

const HISTORY_LINES = 50;

const count = Type.String({ pattern: '^[1-9][0-9]{0,14}$' });
const historyQuery = Type.Object(
  { limit: Type.Optional(count), before: Type.Optional(count) },
  {
    additionalProperties: false,
    description: `limit, the number of lines (${HISTORY_LINES} where left out, 1000 at most), and before, the id of a line`,
  },
);
const giftBody = Type.Object(
  { address: Type.String({ maxLength: 64 }) },
  {
    additionalProperties: false,
    description: 'an object with address, the IP address that the faucet was asked from',
  },
);

/** What the wallet shows and gives: sums and lines, and from the faucet tokens. */
export function addRoutes(
  http: FastifyInstance,
  {
    wallet,
    faucet,
  }: { wallet: Pick<Wallet, 'balance' | 'history'>; faucet: Pick<Faucet, 'status' | 'give'> },
): void {
  http.get('/balance', async () => ({ balances: await wallet.balance() }));
  http.get<{ Querystring: Static<typeof historyQuery> }>(
    '/history',
    { schema: { querystring: historyQuery } },
    async ({ query: { limit = HISTORY_LINES, before } }) => {
      const lines = await wallet.history({
        limit: Number(limit),
        ...(before === undefined ? {} : { before: Number(before) }),
      });
      return { lines, next: lines.at(-1)?.id ?? null };
    },
  );
  http.get('/faucet', () => faucet.status());
  http.post<{ Body: Static<typeof giftBody> }>(
    '/faucet',
    { schema: { body: giftBody } },
    ({ body: { address } }) => faucet.give(address),
  );
}

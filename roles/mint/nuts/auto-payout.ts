import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { jsonInteger } from '../../../protocols/cashu/json.ts';
import type { AutoPayouts } from '../auto-payouts.ts';
import type { PayoutKey } from '../store/payout-keys.ts';
import { point, schnorrSignature } from './schemas.ts';

const body = Type.Object(
  {
    pubkey: point,
    address: Type.String({ maxLength: 100, description: 'an address, or empty to withdraw' }),
    counter: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'an integer, higher than that of the last registration',
    }),
    threshold: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'sats, an integer; 0 for the least that the mint pays',
    }),
    signature: schnorrSignature,
  },
  { description: 'an object with pubkey, address, counter, threshold and signature' },
);
const params = Type.Object({ pubkey: point });
const querystring = Type.Object({
  timestamp: Type.String({ pattern: '^\\d{1,12}$', description: 'Unix time in seconds' }),
  signature: schnorrSignature,
});

/** Miners that are paid without a wallet; see docs/ehash.md, "Auto-payout". */
export function autoPayout(http: FastifyInstance, payouts: AutoPayouts): void {
  http.post<{ Body: Static<typeof body> }>(
    '/v1/ehash/auto-payout',
    { schema: { body } },
    async ({ body: { pubkey, address, counter, threshold, signature } }) => {
      const wish = { address, counter, threshold: BigInt(threshold) };
      const keyAndSignature = { publicKey: fromHex(pubkey), signature: fromHex(signature) };
      return answer(await payouts.register({ ...wish, ...keyAndSignature }));
    },
  );

  http.get<{ Params: Static<typeof params>; Querystring: Static<typeof querystring> }>(
    '/v1/ehash/auto-payout/:pubkey',
    { schema: { params, querystring } },
    async ({ params: { pubkey }, query: { timestamp, signature } }) =>
      answer(await payouts.lookUp(fromHex(pubkey), Number(timestamp), fromHex(signature))),
  );
}

function answer({ publicKey, counter, address, threshold, ...sums }: PayoutKey) {
  return {
    pubkey: toHex(publicKey),
    counter,
    address: address ?? null,
    threshold: jsonInteger(threshold),
    balance: jsonInteger(sums.balance),
    credited: jsonInteger(sums.credited),
    credits: sums.credits.map(({ unit, ehash, sats }) => {
      return { unit, ehash: jsonInteger(ehash), sats: jsonInteger(sats) };
    }),
    payments: sums.payments.map(({ purpose, sats, paid, proof }) => {
      return {
        method: purpose,
        sats: jsonInteger(sats),
        paid: paid === undefined ? null : jsonInteger(paid),
        outpoint: proof ?? null,
      };
    }),
  };
}

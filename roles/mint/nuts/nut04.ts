import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Engine } from '../engine.ts';
import type { Payments } from '../payments/payments.ts';
import { METHOD, quoteAnswer, signatureAnswer } from './answers.ts';
import { paymentQuoteAnswer } from './payment-answers.ts';
import {
  amount,
  nullable,
  outputsField,
  outputsOf,
  point,
  quoteIdField,
  schnorrSignature,
  unitField,
} from './schemas.ts';

/** Names of methods as NUT-04 limits them. */
export const methodParameter = Type.String({ pattern: '^[a-z0-9_-]+$', description: 'a payment method' });

const ofMethod = Type.Object({ method: methodParameter });
const ofQuote = Type.Object({ method: methodParameter, quote: quoteIdField });
const quoteBody = Type.Object(
  {
    unit: unitField,
    amount: nullable(amount, 'a positive integer'),
    description: nullable(Type.String({ maxLength: 1000 }), 'a text'),
    pubkey: nullable(point, 'a compressed point in hex, 66 digits that begin with 02 or 03'),
  },
  { description: 'an object with unit and amount' },
);
const mintBody = Type.Object(
  {
    quote: quoteIdField,
    outputs: outputsField,
    signature: nullable(schnorrSignature, 'a BIP340 signature in hex, 128 digits'),
  },
  { description: 'an object with quote, outputs and signature' },
);

/** NUT-04 with NUT-20, 23 and 30: quotes, their state, and tokens for paid ones. Those of shares come by mining alone. */
export function nut04(http: FastifyInstance, engine: Engine, payments: Payments | undefined): void {
  http.post(`/v1/mint/quote/${METHOD}`, async () => {
    throw cashuError(
      'minting-disabled',
      'quotes of this method are made by mining: point a miner at the pool with your key as its user name, then look them up by that key',
    );
  });

  http.post<{ Params: Static<typeof ofMethod>; Body: Static<typeof quoteBody> }>(
    '/v1/mint/quote/:method',
    { schema: { params: ofMethod, body: quoteBody } },
    async ({ params: { method }, body }) => {
      const quote = await paymentsOf(payments, method).mintQuotes.create(method, {
        unit: body.unit,
        amount: isGiven(body.amount) ? BigInt(body.amount) : undefined,
        description: body.description ?? undefined,
        publicKey: isGiven(body.pubkey) ? fromHex(body.pubkey) : undefined,
      });
      return paymentQuoteAnswer(quote);
    },
  );

  http.get<{ Params: Static<typeof ofQuote> }>(
    '/v1/mint/quote/:method/:quote',
    { schema: { params: ofQuote } },
    async ({ params: { method, quote } }) => (await mintQuoteAnswers(engine, payments, method, [quote]))[0],
  );

  http.post<{ Params: Static<typeof ofMethod>; Body: Static<typeof mintBody> }>(
    '/v1/mint/:method',
    { schema: { params: ofMethod, body: mintBody } },
    async ({ params: { method }, body: { quote, outputs, signature } }) => {
      const request = {
        quotes: [quote],
        outputs: outputsOf(outputs),
        signatures: [signature ? fromHex(signature) : undefined],
      };
      const signatures =
        method === METHOD
          ? await engine.mint(request)
          : await paymentsOf(payments, method).mintQuotes.mint(method, request);
      return { signatures: signatures.map(signatureAnswer) };
    },
  );
}

/**
 * Quotes of one method as wallets get them, in order.
 * @throws HashpoolError 'quote-unknown', 'method-unsupported'
 */
export async function mintQuoteAnswers(
  engine: Engine,
  payments: Payments | undefined,
  method: string,
  quotes: readonly string[],
): Promise<object[]> {
  if (method === METHOD) return (await engine.quotes(quotes)).map(quoteAnswer);
  return (await paymentsOf(payments, method).mintQuotes.find(method, quotes)).map(paymentQuoteAnswer);
}

/** What serves a method other than that of shares. @throws HashpoolError 'method-unsupported' */
export function paymentsOf(payments: Payments | undefined, method: string): Payments {
  if (payments?.methods.has(method)) return payments;
  const methods = [METHOD, ...(payments?.methods.keys() ?? [])].join(', ');
  throw cashuError('method-unsupported', `${method}; this mint does ${methods}`);
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

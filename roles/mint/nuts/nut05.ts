import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { MAX_INVOICE_CHARACTERS } from '../../../protocols/lightning/invoice.ts';
import type { MeltQuote } from '../payments/melt-quotes.ts';
import type { Payments } from '../payments/payments.ts';
import { METHOD } from './answers.ts';
import { methodParameter, paymentsOf } from './nut04.ts';
import { meltQuoteAnswer } from './payment-answers.ts';
import {
  amount,
  blankOutputsField,
  blankOutputsOf,
  inputsField,
  inputsOf,
  nullable,
  quoteIdField,
  unitField,
} from './schemas.ts';

const ofMethod = Type.Object({ method: methodParameter });
const ofQuote = Type.Object({ method: methodParameter, quote: quoteIdField });
const options = Type.Object({
  amountless: nullable(Type.Object({ amount_msat: amount }), 'an object with amount_msat'),
  mpp: nullable(Type.Object({}), 'left out'),
});
const quoteBody = Type.Object(
  {
    unit: unitField,
    request: Type.String({
      minLength: 1,
      maxLength: MAX_INVOICE_CHARACTERS,
      description: 'an invoice or an address',
    }),
    amount: nullable(amount, 'a positive integer'),
    options: nullable(options, 'an object with amountless'),
  },
  { description: 'an object with unit and request' },
);
const meltBody = Type.Object(
  {
    quote: quoteIdField,
    inputs: inputsField,
    outputs: nullable(blankOutputsField, 'a list of blinded messages'),
    fee_index: nullable(Type.Integer({ minimum: 0, maximum: 1000 }), "one of the quote's fee_options"),
    prefer_async: nullable(Type.Boolean(), 'true or false'),
  },
  { description: 'an object with quote and inputs' },
);

/** NUT-05 with NUT-08, 23 and 30: what a payment costs, its state, and the payment. Ehash is redeemed, not melted. */
export function nut05(http: FastifyInstance, payments: Payments | undefined): void {
  http.post<{ Params: Static<typeof ofMethod>; Body: Static<typeof quoteBody> }>(
    '/v1/melt/quote/:method',
    { schema: { params: ofMethod, body: quoteBody } },
    async ({ params: { method }, body: { unit, request, amount, options } }) => {
      if (options?.mpp) throw cashuError('request-malformed', 'options.mpp is not done here; leave it out');
      const msat = options?.amountless?.amount_msat;
      const quote = await meltsOf(payments, method).meltQuotes.create(method, {
        unit,
        request,
        amount: amount === null || amount === undefined ? undefined : BigInt(amount),
        amountMsat: msat === undefined ? undefined : BigInt(msat),
      });
      return meltQuoteAnswer(quote);
    },
  );

  http.get<{ Params: Static<typeof ofQuote> }>(
    '/v1/melt/quote/:method/:quote',
    { schema: { params: ofQuote } },
    async ({ params: { method, quote } }) =>
      meltQuoteAnswer(await meltsOf(payments, method).meltQuotes.find(method, quote)),
  );

  http.post<{ Params: Static<typeof ofMethod>; Body: Static<typeof meltBody> }>(
    '/v1/melt/:method',
    { schema: { params: ofMethod, body: meltBody } },
    async ({ params: { method }, body }) => {
      const quote: MeltQuote = await meltsOf(payments, method).melts.melt(method, {
        quote: body.quote,
        inputs: inputsOf(body.inputs),
        outputs: blankOutputsOf(body.outputs ?? []),
        feeIndex: body.fee_index ?? 0,
        preferAsync: body.prefer_async ?? false,
      });
      return meltQuoteAnswer(quote);
    },
  );
}

function meltsOf(payments: Payments | undefined, method: string): Payments {
  if (method !== METHOD) return paymentsOf(payments, method);
  throw cashuError(
    'unit-unsupported',
    'ehash is not melted; once its epoch can be redeemed, /v1/redeem gives sats for it, and those are',
  );
}

import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Engine } from '../engine.ts';
import { MAX_BATCH } from '../mint-request.ts';
import type { Payments } from '../payments/payments.ts';
import { METHOD, signatureAnswer } from './answers.ts';
import { methodParameter, mintQuoteAnswers, paymentsOf } from './nut04.ts';
import { amount, nullable, outputsField, outputsOf, quoteIdField, schnorrSignature } from './schemas.ts';

const params = Type.Object({ method: methodParameter });
const quotes = Type.Array(quoteIdField, { description: 'a list of quote ids' });
const checkBody = Type.Object({ quotes }, { description: 'an object with quotes' });
const signatureOrNull = Type.Union([schnorrSignature, Type.Null()], {
  description: 'a BIP340 signature in hex, 128 digits, or null',
});
const batchBody = Type.Object(
  {
    quotes,
    quote_amounts: nullable(Type.Array(amount), 'a list of amounts, one for each quote'),
    outputs: outputsField,
    signatures: nullable(Type.Array(signatureOrNull), 'a list of signatures, one for each quote'),
  },
  { description: 'an object with quotes, outputs and signatures' },
);

type Request<Body> = { Params: Static<typeof params>; Body: Body };

/** NUT-29: the state of many quotes, and tokens for many at once, all or none. */
export function nut29(http: FastifyInstance, engine: Engine, payments: Payments | undefined): void {
  http.post<Request<Static<typeof checkBody>>>(
    '/v1/mint/quote/:method/check',
    { schema: { params, body: checkBody } },
    async ({ params: { method }, body }) => {
      if (body.quotes.length > MAX_BATCH) {
        throw cashuError(
          'batch-too-large',
          `quotes has ${body.quotes.length}; at most ${MAX_BATCH}, split the request`,
        );
      }
      if (new Set(body.quotes).size !== body.quotes.length) {
        throw cashuError('duplicate-quotes', 'quotes names one twice; name each once');
      }
      return mintQuoteAnswers(engine, payments, method, body.quotes);
    },
  );

  http.post<Request<Static<typeof batchBody>>>(
    '/v1/mint/:method/batch',
    { schema: { params, body: batchBody } },
    async ({ params: { method }, body }) => {
      const given = body.signatures ?? body.quotes.map(() => null);
      const request = {
        quotes: body.quotes,
        outputs: outputsOf(body.outputs),
        signatures: given.map((signature) => (signature === null ? undefined : fromHex(signature))),
        ...(body.quote_amounts ? { expectedAmounts: body.quote_amounts.map(BigInt) } : {}),
      };
      const issued =
        method === METHOD
          ? await engine.mint(request)
          : await paymentsOf(payments, method).mintQuotes.mint(method, request);
      return { signatures: issued.map(signatureAnswer) };
    },
  );
}

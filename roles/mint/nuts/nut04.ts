import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Engine } from '../engine.ts';
import { METHOD, quoteAnswer, signatureAnswer } from './answers.ts';
import { nullable, outputsField, outputsOf, quoteIdField, schnorrSignature } from './schemas.ts';

/** Names of methods as NUT-04 limits them. */
export const methodParameter = Type.String({ pattern: '^[a-z0-9_-]+$', description: 'a payment method' });

const ofMethod = Type.Object({ method: methodParameter });
const ofQuote = Type.Object({ method: methodParameter, quote: quoteIdField });
const mintBody = Type.Object(
  {
    quote: quoteIdField,
    outputs: outputsField,
    signature: nullable(schnorrSignature, 'a BIP340 signature in hex, 128 digits'),
  },
  { description: 'an object with quote, outputs and signature' },
);

/** NUT-04 with NUT-20: a quote's state, and tokens for a paid one. Quotes come from shares, never from here. */
export function nut04(http: FastifyInstance, engine: Engine): void {
  http.post('/v1/mint/quote/:method', { schema: { params: ofMethod } }, async () => {
    throw cashuError(
      'minting-disabled',
      'quotes of this mint are made by mining: point a miner at the pool with your key as its user name, then look them up by that key',
    );
  });

  http.get<{ Params: Static<typeof ofQuote> }>(
    '/v1/mint/quote/:method/:quote',
    { schema: { params: ofQuote } },
    async ({ params: { method, quote } }) => {
      checkMethod(method);
      const [found] = await engine.quotes([quote]);
      return found && quoteAnswer(found);
    },
  );

  http.post<{ Params: Static<typeof ofMethod>; Body: Static<typeof mintBody> }>(
    '/v1/mint/:method',
    { schema: { params: ofMethod, body: mintBody } },
    async ({ params: { method }, body: { quote, outputs, signature } }) => {
      checkMethod(method);
      const signatures = await engine.mint({
        quotes: [quote],
        outputs: outputsOf(outputs),
        signatures: [signature ? fromHex(signature) : undefined],
      });
      return { signatures: signatures.map(signatureAnswer) };
    },
  );
}

/** @throws HashpoolError 'method-unsupported' */
export function checkMethod(method: string): void {
  if (method === METHOD) return;
  throw cashuError('method-unsupported', `${method}; this mint's only method is ${METHOD}`);
}

import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex } from '../../../protocols/bytes.ts';
import type { Redemptions } from '../redemption.ts';
import { signatureAnswer } from './answers.ts';
import {
  inputsField,
  inputsOf,
  nullable,
  outputsField,
  outputsOf,
  quoteIdField,
  schnorrSignature,
  unitField,
} from './schemas.ts';

const unit = nullable(unitField, 'a unit of this mint');
const body = Type.Object(
  { unit, inputs: inputsField, outputs: outputsField },
  { description: 'an object with inputs and outputs' },
);
const quotesBody = Type.Object(
  {
    unit,
    quotes: Type.Array(quoteIdField, { description: 'a list of quote ids' }),
    outputs: outputsField,
    signatures: Type.Array(schnorrSignature, { description: 'a list of BIP340 signatures in hex' }),
  },
  { description: 'an object with quotes, outputs and signatures' },
);

/** Ehash of an epoch in, sat signatures of its worth out; see docs/ehash.md, "Redemption". */
export function redeem(http: FastifyInstance, redemptions: Redemptions): void {
  http.post<{ Body: Static<typeof body> }>(
    '/v1/redeem',
    { schema: { body } },
    async ({ body: { unit, inputs, outputs } }) => {
      const signatures = await redemptions.redeem({
        unit: unit ?? undefined,
        inputs: inputsOf(inputs),
        outputs: outputsOf(outputs),
      });
      return { signatures: signatures.map(signatureAnswer) };
    },
  );

  http.post<{ Body: Static<typeof quotesBody> }>(
    '/v1/redeem/quotes',
    { schema: { body: quotesBody } },
    async ({ body: { unit, quotes, outputs, signatures } }) => {
      const signed = await redemptions.redeemQuotes({
        unit: unit ?? undefined,
        quotes,
        outputs: outputsOf(outputs),
        signatures: signatures.map((signature) => fromHex(signature)),
      });
      return { signatures: signed.map(signatureAnswer) };
    },
  );
}

import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Redemptions } from '../redemption.ts';
import { signatureAnswer } from './answers.ts';
import { inputsField, inputsOf, nullable, outputsField, outputsOf, unitField } from './schemas.ts';

const body = Type.Object(
  { unit: nullable(unitField, 'a unit of this mint'), inputs: inputsField, outputs: outputsField },
  { description: 'an object with inputs and outputs' },
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
}

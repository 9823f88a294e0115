import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Engine } from '../engine.ts';
import { signatureAnswer } from './answers.ts';
import { inputsField, inputsOf, outputsField, outputsOf } from './schemas.ts';

const body = Type.Object(
  { inputs: inputsField, outputs: outputsField },
  { description: 'an object with inputs and outputs' },
);

/** NUT-03: proofs in, blind signatures of the same worth out. */
export function nut03(http: FastifyInstance, engine: Engine): void {
  http.post<{ Body: Static<typeof body> }>(
    '/v1/swap',
    { schema: { body } },
    async ({ body: { inputs, outputs } }) => {
      const signatures = await engine.swap(inputsOf(inputs), outputsOf(outputs));
      return { signatures: signatures.map(signatureAnswer) };
    },
  );
}

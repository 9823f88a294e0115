import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { MAX_TOKENS } from '../../../domain/ledger/tokens.ts';
import { fromHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Engine } from '../engine.ts';
import { signatureAnswer } from './answers.ts';
import { point } from './schemas.ts';

/** Only B_ counts: a wallet that restores does not know yet what amounts it once asked for. */
const restored = Type.Object({ B_: point }, { description: 'an object with B_' });
const body = Type.Object(
  { outputs: Type.Array(restored, { description: 'a list of blinded messages' }) },
  { description: 'an object with outputs' },
);

/** NUT-09: signatures given before, by their blinded messages. */
export function nut09(http: FastifyInstance, engine: Engine): void {
  http.post<{ Body: Static<typeof body> }>(
    '/v1/restore',
    { schema: { body } },
    async ({ body: { outputs } }) => {
      if (outputs.length > MAX_TOKENS) {
        throw cashuError(
          'too-many-outputs',
          `outputs has ${outputs.length}; at most ${MAX_TOKENS}, split the request`,
        );
      }
      const rows = await engine.signaturesOf(outputs.map(({ B_ }) => fromHex(B_)));
      const signatures = rows.filter((row) => row !== undefined).map(signatureAnswer);
      const found = outputs.filter((_, i) => rows[i]);
      return {
        outputs: found.map(({ B_ }, i) => ({ amount: signatures[i]?.amount, id: signatures[i]?.id, B_ })),
        signatures,
      };
    },
  );
}

import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { MAX_TOKENS } from '../../../domain/ledger/tokens.ts';
import { fromHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Engine } from '../engine.ts';
import { point } from './schemas.ts';

const body = Type.Object(
  { Ys: Type.Array(point, { description: 'a list of points' }) },
  { description: 'an object with Ys' },
);

/** NUT-07: how proofs stand, and what unlocked the spent ones. */
export function nut07(http: FastifyInstance, engine: Engine): void {
  http.post<{ Body: Static<typeof body> }>(
    '/v1/checkstate',
    { schema: { body } },
    async ({ body: { Ys } }) => {
      if (Ys.length > MAX_TOKENS) {
        throw cashuError('too-many-inputs', `Ys has ${Ys.length}; at most ${MAX_TOKENS}, split the request`);
      }
      const states = await engine.proofStates(Ys.map((y) => fromHex(y)));
      return { states: states.map((state, i) => ({ Y: Ys[i], ...state })) };
    },
  );
}

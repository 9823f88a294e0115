import type { FastifyInstance } from 'fastify';
import type { Engine } from '../engine.ts';
import type { MintKeyset } from '../keyset-book.ts';

/** NUT-02: all keysets, active and inactive. */
export function nut02(http: FastifyInstance, engine: Engine): void {
  http.get('/v1/keysets', async () => ({ keysets: [...engine.keysets.all.values()].map(keysetHead) }));
}

/** What NUT-01 and NUT-02 both show of a keyset. */
export function keysetHead({ id, unit, isActive, inputFeePpk, finalExpiry }: MintKeyset) {
  return { id, unit, active: isActive, input_fee_ppk: inputFeePpk, final_expiry: finalExpiry ?? null };
}

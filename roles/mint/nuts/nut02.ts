import type { FastifyInstance } from 'fastify';
import type { Engine } from '../engine.ts';
import type { MintKeyset } from '../epoch-book.ts';

/** NUT-02: all keysets, active and inactive. */
export function nut02(http: FastifyInstance, engine: Engine): void {
  http.get('/v1/keysets', async () => ({ keysets: [...engine.epochs.keysets.values()].map(keysetHead) }));
}

/** What NUT-01 and NUT-02 both show of a keyset. Shares cost no fee to spend. */
export function keysetHead({ id, unit, isActive }: MintKeyset) {
  return { id, unit, active: isActive, input_fee_ppk: 0, final_expiry: null };
}

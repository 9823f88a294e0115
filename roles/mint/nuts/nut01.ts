import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { toHex } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Engine } from '../engine.ts';
import type { MintKeyset } from '../keyset-book.ts';
import { keysetHead } from './nut02.ts';
import { keysetIdField } from './schemas.ts';

const params = Type.Object({ id: keysetIdField });

/** NUT-01: the public keys of the active keysets, and of one by its id (NUT-02). */
export function nut01(http: FastifyInstance, engine: Engine): void {
  http.get('/v1/keys', async () => {
    const active = engine.keysets.signing;
    if (active.length > 0) return { keysets: active.map(keysetAnswer) };
    throw cashuError(
      'mint-not-ready',
      'no keyset is open before the mint has seen its bitcoind; try again in a minute',
    );
  });

  http.get<{ Params: Static<typeof params> }>(
    '/v1/keys/:id',
    { schema: { params } },
    async ({ params: { id } }) => {
      const keyset = await engine.keysets.find(id.toLowerCase());
      if (keyset) return { keysets: [keysetAnswer(keyset)] };
      throw cashuError('keyset-unknown', `id is ${id}; /v1/keysets lists this mint's`);
    },
  );
}

function keysetAnswer(keyset: MintKeyset) {
  const keys = keyset.publicKeys.map((key, exponent) => [String(amountOf(exponent)), toHex(key)]);
  return { ...keysetHead(keyset), keys: Object.fromEntries(keys) };
}

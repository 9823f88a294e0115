import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex, reversed, toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { jsonInteger } from '../../../protocols/cashu/json.ts';
import { shareLookupMessage } from '../../../protocols/cashu/quote-lookup.ts';
import type { Engine } from '../engine.ts';
import { schnorrSignature } from './schemas.ts';

const params = Type.Object({
  hash: Type.String({
    pattern: '^[0-9a-fA-F]{64}$',
    description: "a share's header hash, 64 hex digits, display order",
  }),
});
const querystring = Type.Object({ signature: Type.Optional(schnorrSignature) });

/**
 * The quote of one share: what it is worth and how it stands for anyone who knows the hash; id and key for who
 * signs with that key.
 */
export function shareLookup(http: FastifyInstance, engine: Engine): void {
  http.get<{ Params: Static<typeof params>; Querystring: Static<typeof querystring> }>(
    '/v1/ehash/share/:hash',
    { schema: { params, querystring } },
    async ({ params: { hash }, query: { signature } }) => {
      const shareHashBe = hash.toLowerCase();
      const quote = await engine.quoteByShare(reversed(fromHex(shareHashBe)));
      if (!quote)
        throw cashuError(
          'quote-unknown',
          `no share ${shareHashBe} is stored here; ask again when the pool has sent it`,
        );
      const { state, amount, unit, name, publicKey } = quote;
      const open = { state, amount: jsonInteger(amount), unit };
      if (signature === undefined) return open;
      const message = shareLookupMessage(toHex(engine.signer.identity), shareHashBe);
      const [isOwner] = await engine.signer.verifyClaims([
        { publicKey, signature: fromHex(signature), message },
      ]);
      if (!isOwner)
        throw cashuError('signature-invalid', 'signature is not by the key that this share is locked to');
      return { ...open, quote: name, pubkey: toHex(publicKey) };
    },
  );
}

import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { parseQuoteId } from '../../../protocols/cashu/quote-id.ts';
import { quoteLookupMessage } from '../../../protocols/cashu/quote-lookup.ts';
import type { Engine } from '../engine.ts';
import type { Payments } from '../payments/payments.ts';
import type { QuotesOfKeys } from '../store/key-pages.ts';
import { METHOD, quoteAnswer } from './answers.ts';
import { methodParameter, paymentsOf } from './nut04.ts';
import { paymentQuoteAnswer } from './payment-answers.ts';
import { point, schnorrSignature } from './schemas.ts';

/** Keys in one request: each costs a signature check before the caller has shown any right. */
export const MAX_LOOKUP_KEYS = 50;
/** Quotes in one answer. */
export const MAX_LOOKUP_PAGE = 1000;
/** How far a timestamp may be from the mint's clock, where the wallet gives one. */
const MAX_CLOCK_DIFFERENCE_SECONDS = 300;

const params = Type.Object({ method: methodParameter });
const body = Type.Object(
  {
    pubkeys: Type.Array(point, { minItems: 1, description: 'a list of public keys, one at least' }),
    pubkey_signatures: Type.Array(schnorrSignature, {
      description: 'a list of signatures, one for each of pubkeys',
    }),
    timestamp: Type.Optional(Type.Integer({ minimum: 0, description: 'Unix time in seconds' })),
    nonce: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$', description: '16 random bytes in hex' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, description: 'a positive integer' })),
    cursor: Type.Optional(
      Type.Union([Type.String({ maxLength: 100 }), Type.Null()], {
        description: 'the next_cursor of the last answer',
      }),
    ),
    open: Type.Optional(Type.Boolean({ description: 'true to leave out quotes that have ended, or false' })),
  },
  { description: 'an object with pubkeys and pubkey_signatures' },
);
type Body = Static<typeof body>;

/**
 * nuts#391: the quotes locked to some keys, for who can sign with them, page after page. Accepts the message of
 * the proposal, and those of its other drafts: with timestamp, with nonce and timestamp. `open` is ours.
 */
export function quoteLookup(http: FastifyInstance, engine: Engine, payments: Payments | undefined): void {
  http.post<{ Params: Static<typeof params>; Body: Body }>(
    '/v1/mint/quote/:method/pubkey',
    { schema: { params, body } },
    async ({ params: { method }, body: request }) => {
      const quotesOf = reader(engine, payments, method);
      checkRequest(request);
      const keys = request.pubkeys.map((key) => key.toLowerCase()).sort();
      const after = request.cursor ? openCursor(request.cursor, keys) : undefined;
      await checkSignatures(engine, request);
      const { quotes, hasMore } = await quotesOf({
        keys: keys.map((key) => fromHex(key)),
        after,
        limit: Math.min(request.limit ?? MAX_LOOKUP_PAGE, MAX_LOOKUP_PAGE),
        onlyOpen: request.open ?? false,
      });
      const last = quotes.at(-1);
      return {
        quotes,
        next_cursor: hasMore && last ? cursor(last.quote, keys) : null,
      };
    },
  );
}

/** Reads a page of one method's quotes as wallets get them. @throws HashpoolError 'method-unsupported' */
function reader(engine: Engine, payments: Payments | undefined, method: string) {
  if (method === METHOD) {
    return async (asked: QuotesOfKeys) => {
      const { quotes, hasMore } = await engine.quotesOfKeys(asked);
      return { quotes: quotes.map(quoteAnswer), hasMore };
    };
  }
  const { mintQuotes } = paymentsOf(payments, method);
  return async (asked: QuotesOfKeys) => {
    const { quotes, hasMore } = await mintQuotes.ofKeys(method, asked);
    return { quotes: quotes.map(paymentQuoteAnswer), hasMore };
  };
}

function checkRequest({ pubkeys, pubkey_signatures, timestamp }: Body): void {
  if (pubkeys.length > MAX_LOOKUP_KEYS) {
    throw cashuError(
      'batch-too-large',
      `pubkeys has ${pubkeys.length}; at most ${MAX_LOOKUP_KEYS}, split the request`,
    );
  }
  if (new Set(pubkeys.map((key) => key.toLowerCase())).size !== pubkeys.length) {
    throw cashuError('request-malformed', 'pubkeys names one twice; name each once');
  }
  if (pubkey_signatures.length !== pubkeys.length) {
    const count = pubkey_signatures.length;
    throw cashuError(
      'request-malformed',
      `pubkey_signatures has ${count} for ${pubkeys.length} pubkeys; give one each`,
    );
  }
  if (timestamp === undefined) return;
  const difference = Math.abs(Math.floor(Date.now() / 1000) - timestamp);
  if (difference <= MAX_CLOCK_DIFFERENCE_SECONDS) return;
  throw cashuError(
    'lookup-expired',
    `timestamp is ${difference} s from the mint's clock, at most ${MAX_CLOCK_DIFFERENCE_SECONDS} are allowed; set the clock and sign anew`,
  );
}

async function checkSignatures(
  engine: Engine,
  { pubkeys, pubkey_signatures, timestamp, nonce }: Body,
): Promise<void> {
  const mintKey = toHex(engine.signer.identity);
  const fresh = {
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(nonce === undefined ? {} : { nonce }),
  };
  const results = await engine.signer.verifyClaims(
    pubkeys.map((key, i) => ({
      publicKey: fromHex(key),
      signature: fromHex(pubkey_signatures[i] ?? ''),
      message: quoteLookupMessage(mintKey, key.toLowerCase(), fresh),
    })),
  );
  const bad = results.indexOf(false);
  if (bad < 0) return;
  throw cashuError(
    'signature-invalid',
    `pubkey_signatures[${bad}] does not fit; sign with the pubkey of /v1/info in the message`,
  );
}

/** Bound to the keys that it was made for; names the last quote that was given out. */
function cursor(quote: string, keys: readonly string[]): string {
  return `${keysMark(keys)}.${quote}`;
}

function openCursor(text: string, keys: readonly string[]): Uint8Array {
  const [mark, quote = ''] = text.split('.');
  const id = mark === keysMark(keys) ? parseQuoteId(quote) : undefined;
  if (id) return id;
  throw cashuError(
    'request-malformed',
    'cursor is not one that this mint gave for these pubkeys; begin without one',
  );
}

function keysMark(keys: readonly string[]): string {
  return hash('sha256', keys.join(',')).slice(0, 16);
}

import {
  Amount,
  CTSError,
  Mint,
  type MintKeys,
  type MintKeyset,
  type Proof,
  type SerializedBlindedMessage,
  type SerializedBlindedSignature,
} from '@cashu/cashu-ts';
import { fromHex, toHex, utf8 } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { quoteLookupMessage } from '../../protocols/cashu/quote-lookup.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { inLots } from './in-lots.ts';
import { type MintAutoPayouts, openMintAutoPayouts } from './mint-auto-payout.ts';
import { type MintEpochs, openMintEpochs } from './mint-epochs.ts';
import { requestMint } from './mint-http.ts';
import { type MintPayments, openMintPayments } from './mint-payments.ts';
import { type FoundQuote, findsQuotes, pagesOfQuotes, type QuoteNews, quotesNamed } from './quote-pages.ts';
import type { QuoteMethod } from './quotes.ts';
import type { LockKey } from './seed.ts';

/** Quotes in one batch, where the mint names no smaller limit (NUT-29). */
const MAX_BATCH = 100;

/** A quote to be minted, and the key that it is locked to. */
export interface LockedQuote {
  readonly id: string;
  readonly amount: bigint;
  readonly key: LockKey;
}

/** What the wallet asks of a mint. Every method throws the errors of `requestMint`. */
export interface MintClient {
  readonly url: string;
  readonly payments: MintPayments;
  readonly epochs: MintEpochs;
  readonly autoPayouts: MintAutoPayouts;
  /** Reads anew what the mint says of itself: its limits, what it does, and its key, which is returned (NUT-06). */
  refresh(): Promise<string | undefined>;
  /** NUT-02; `keys` are fetched for the ids in `wanted` only. */
  keysets(wanted: (id: string) => boolean): Promise<{ meta: MintKeyset; keys: MintKeys | undefined }[]>;
  /** Whether quotes of a method are found by their keys. */
  findsQuotes(method: QuoteMethod): Promise<boolean>;
  /** The quotes locked to `keys`, page after page (nuts#391); 'open' leaves out those that have ended. */
  quotesOf(method: QuoteMethod, keys: readonly LockKey[], which: 'open' | 'all'): AsyncIterable<FoundQuote[]>;
  /** How quotes stand, by their names (NUT-29). */
  quotesNamed(method: QuoteMethod, ids: readonly string[]): Promise<QuoteNews[]>;
  /** How many quotes go into one batch. */
  maxBatch(): Promise<number>;
  /** NUT-29, with a NUT-20 signature for each quote. */
  mintBatch(
    method: QuoteMethod,
    quotes: readonly LockedQuote[],
    outputs: SerializedBlindedMessage[],
  ): Promise<SerializedBlindedSignature[]>;
  /** NUT-03. */
  swap(inputs: Proof[], outputs: SerializedBlindedMessage[]): Promise<SerializedBlindedSignature[]>;
  /** NUT-09: the signatures that the mint has given on `outputs`, by B_. */
  restore(outputs: SerializedBlindedMessage[]): Promise<Map<string, SerializedBlindedSignature>>;
  /** Whether the mint says that it does a NUT of the kind that is on or off, such as spending conditions. */
  supports(nut: 7 | 11 | 14): Promise<boolean>;
  /** NUT-07: those of `secrets` that are spent. */
  spentOf(secrets: readonly string[]): Promise<string[]>;
}

/** @param random 32 fresh bytes for each signature (BIP340) */
export function openMintClient(url: string, curve: Curve, random: () => Uint8Array): MintClient {
  const mint = new Mint(url, { customRequest: requestMint });
  const sign = (key: LockKey, message: Uint8Array) =>
    toHex(curve.schnorrSign(message, key.secretKey, random()));

  return {
    url: mint.mintUrl,
    payments: openMintPayments(mint, checked),
    epochs: openMintEpochs(mint.mintUrl, sign),
    autoPayouts: openMintAutoPayouts(
      mint.mintUrl,
      () => checked(async () => (await mint.getLazyMintInfo()).pubkey),
      sign,
    ),
    refresh: () =>
      checked(async () => {
        mint.setMintInfo(await mint.getInfo());
        return (await mint.getLazyMintInfo()).pubkey || undefined;
      }),
    keysets: (wanted) =>
      checked(async () => {
        const { keysets } = await mint.getKeySets();
        return inLots(keysets, async (meta) => ({
          meta,
          keys: wanted(meta.id) ? await keysOf(mint, meta.id) : undefined,
        }));
      }),
    findsQuotes: (method) => findsQuotes(mint.mintUrl, method),
    async *quotesOf(method, keys, which) {
      const { pubkey: mintKey } = await checked(() => mint.getLazyMintInfo());
      const signatures = keys.map((key) => sign(key, quoteLookupMessage(mintKey, key.publicKey)));
      yield* pagesOfQuotes(mint.mintUrl, method, keys, signatures, which);
    },
    quotesNamed: (method, ids) => quotesNamed(mint.mintUrl, method, ids),
    maxBatch: () =>
      checked(async () => {
        const info = await mint.getLazyMintInfo();
        return Math.max(1, Math.min(MAX_BATCH, info.nuts['29']?.max_batch_size ?? MAX_BATCH));
      }),
    mintBatch: (method, quotes, outputs) =>
      checked(async () => {
        const signed = outputs.map(({ amount, B_ }) => ({ amount: amount.toBigInt(), blinded: fromHex(B_) }));
        const { signatures } = await mint.mintBatch(method, {
          quotes: quotes.map(({ id }) => id),
          quote_amounts: quotes.map(({ amount }) => Amount.from(amount)),
          outputs,
          signatures: quotes.map(({ id, key }) => sign(key, mintMessage(id, signed))),
        });
        return signatures;
      }),
    swap: (inputs, outputs) => checked(async () => (await mint.swap({ inputs, outputs })).signatures),
    restore: (outputs) =>
      checked(async () => {
        const answer = await mint.restore({ outputs });
        const found = new Map<string, SerializedBlindedSignature>();
        answer.outputs.forEach(({ B_ }, i) => {
          const signature = answer.signatures[i];
          if (signature) found.set(B_, signature);
        });
        return found;
      }),
    supports: (nut) => checked(async () => (await mint.getLazyMintInfo()).nuts[nut]?.supported === true),
    spentOf: (secrets) =>
      checked(async () => {
        const secretOf = new Map(secrets.map((secret) => [toHex(curve.hashToCurve(utf8(secret))), secret]));
        const { states } = await mint.check({ Ys: [...secretOf.keys()] });
        const spent = states.filter(({ state }) => state === 'SPENT').map(({ Y }) => secretOf.get(Y));
        return spent.filter((secret) => secret !== undefined);
      }),
  };
}

async function keysOf(mint: Mint, id: string): Promise<MintKeys | undefined> {
  const { keysets } = await mint.getKeys(id);
  return keysets.find((keyset) => keyset.id === id);
}

/** cashu-ts's own complaints are about the shape of an answer. */
async function checked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof CTSError)
      throw new HashpoolError('mint-answer', `the mint's answer is not usable: ${cause.message}`, { cause });
    throw cause;
  }
}

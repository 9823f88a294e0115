import { randomBytes } from 'node:crypto';
import type { Input } from '../../domain/ledger/tokens.ts';
import type { TestMint } from '../unit/mint/support.ts';

/** One request to the engine. */
export type Request = () => Promise<unknown>;

/** A kind of request, made before the clock runs: what a wallet does for it costs nothing here. */
export interface Load {
  readonly name: string;
  /** What one request counts for. */
  readonly each: number;
  /** Requests of one run. */
  readonly requests: number;
  /** Of which so many are under way at once. */
  readonly atOnce: number;
  prepare(mint: TestMint, requests: number): Promise<Request[]>;
}

const EXPONENT = 20;
const BATCH = 32;
/** So many quotes of one amount are worth one token of the next such power of two. */
const BATCH_EXPONENT = 5;
const LOOKED_UP = 100;
/** Tokens that are made beforehand come so many of one quote: 2^6. */
const TOKENS_EXPONENT = 6;

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** Requests that mint `quotes` quotes each, into `tokens` tokens. */
async function minting(
  mint: TestMint,
  requests: number,
  quotes: number,
  tokens: readonly number[],
): Promise<Request[]> {
  const secretKey = randomBytes(32);
  const names = await mint.addQuotes(
    mint.curve.publicKey(secretKey),
    new Array<number>(quotes * requests).fill(EXPONENT),
  );
  return times(requests, (i) => {
    const mine = names.slice(i * quotes, (i + 1) * quotes);
    const outputs = tokens.map((exponent) => mint.blind(exponent));
    const signatures = mine.map((quote) => mint.sign(quote, outputs, secretKey));
    return () => mint.engine.mint({ quotes: mine, outputs, signatures });
  });
}

/** So many tokens of one amount, or some more; those of one quote after the other. */
async function tokensOf(mint: TestMint, count: number): Promise<Input[]> {
  const secretKey = randomBytes(32);
  const tokens = 2 ** TOKENS_EXPONENT;
  const names = await mint.addQuotes(
    mint.curve.publicKey(secretKey),
    new Array<number>(Math.ceil(count / tokens)).fill(EXPONENT + TOKENS_EXPONENT),
  );
  const proofs: Input[] = [];
  for (const quote of names) {
    const outputs = times(tokens, () => mint.blind(EXPONENT));
    const signatures = [mint.sign(quote, outputs, secretKey)];
    const issued = await mint.engine.mint({ quotes: [quote], outputs, signatures });
    proofs.push(
      ...outputs.flatMap((output, i) => {
        const signature = issued[i];
        return signature ? [mint.unblind(output, signature)] : [];
      }),
    );
  }
  return proofs;
}

/** Requests that swap `tokens` tokens each for as many. */
async function swapping(mint: TestMint, requests: number, tokens: number): Promise<Request[]> {
  const proofs = await tokensOf(mint, requests * tokens);
  return times(requests, (i) => {
    const inputs = proofs.slice(i * tokens, (i + 1) * tokens);
    const outputs = inputs.map(({ exponent }) => mint.blind(exponent));
    return () => mint.engine.swap(inputs, outputs);
  });
}

export const mintOne: Load = {
  name: 'quote minted durably, with NUT-20 check, signature and DLEQ',
  each: 1,
  requests: 1000,
  atOnce: 256,
  prepare: (mint, requests) => minting(mint, requests, 1, [EXPONENT]),
};

export const mintMany: Load = {
  name: `signature of a batch of ${BATCH} quotes and tokens, with its NUT-20 check and DLEQ`,
  each: BATCH,
  requests: 32,
  atOnce: 8,
  prepare: (mint, requests) => minting(mint, requests, BATCH, new Array<number>(BATCH).fill(EXPONENT)),
};

export const mintFewest: Load = {
  name: `quote of a batch of ${BATCH} minted into one token`,
  each: BATCH,
  requests: 40,
  atOnce: 8,
  prepare: (mint, requests) => minting(mint, requests, BATCH, [EXPONENT + BATCH_EXPONENT]),
};

export const swapOne: Load = {
  name: 'swap of one token for one',
  each: 1,
  requests: 600,
  atOnce: 256,
  prepare: (mint, requests) => swapping(mint, requests, 1),
};

export const swapMany: Load = {
  name: `token of a swap of ${BATCH} for ${BATCH}`,
  each: BATCH,
  requests: 20,
  atOnce: 8,
  prepare: (mint, requests) => swapping(mint, requests, BATCH),
};

export const checkStates: Load = {
  name: `token's state looked up, ${LOOKED_UP} a request`,
  each: LOOKED_UP,
  requests: 50,
  atOnce: 16,
  async prepare(mint, requests) {
    return times(requests, () => {
      const ys = times(LOOKED_UP, () => mint.curve.hashToCurve(randomBytes(32)));
      return () => mint.engine.proofStates(ys);
    });
  },
};

/** The curve's part alone, in the signer's threads: no store. */
export const verifyProofs: Load = {
  name: `token verified by the signer, ${BATCH} a call`,
  each: BATCH,
  requests: 100,
  atOnce: 8,
  async prepare(mint, requests) {
    const proofs = (await tokensOf(mint, BATCH)).slice(0, BATCH);
    const { unit } = mint;
    const { index = 0 } = (await mint.engine.keysets.find(mint.keysetId)) ?? {};
    const named = proofs.map((proof) => ({ ...proof, unit, index }));
    return times(requests, () => () => mint.engine.signer.verifyProofs(named));
  },
};

export const loads: readonly Load[] = [
  mintOne,
  mintMany,
  mintFewest,
  swapOne,
  swapMany,
  checkStates,
  verifyProofs,
];

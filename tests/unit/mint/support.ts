import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Input, Output } from '../../../domain/ledger/tokens.ts';
import { equalBytes, toHex, utf8 } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { mintMessage } from '../../../protocols/cashu/nut20.ts';
import { newQuoteId, quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import type { Curve } from '../../../protocols/crypto/curve.ts';
import { Engine } from '../../../roles/mint/engine.ts';
import type { IssuedSignature } from '../../../roles/mint/issuance.ts';
import type { AcceptedWork } from '../../../roles/mint/store/work.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { newPlace } from '../../harness/new-place.ts';

export const SEED = '11'.repeat(32);

/** A blinded message and what its owner needs to unblind the answer. */
export interface Blinded extends Output {
  readonly secret: string;
  readonly factor: Uint8Array;
}

/** An engine on a database of its own with one open epoch, and a wallet's side of the curve. */
export interface TestMint {
  engine: Engine;
  readonly path: string;
  readonly poolId: Uint8Array;
  readonly curve: Curve;
  readonly keysetId: string;
  readonly unit: string;
  /** Closes the engine and opens it again on the same database. */
  restart(): Promise<void>;
  /** Stores quotes of 2^exponent each, locked to `publicKey`; gives their names. */
  addQuotes(publicKey: Uint8Array, exponents: readonly number[]): Promise<string[]>;
  /** @param secret a random one unless given */
  blind(exponent: number, keysetId?: string, secret?: string): Blinded;
  unblind(output: Blinded, signature: IssuedSignature): Input;
  /** A NUT-20 signature over a request. */
  sign(quote: string, outputs: readonly Output[], secretKey: Uint8Array): Uint8Array;
  /** Adds a quote, mints it and unblinds: one proof of each exponent. */
  proofs(exponents: readonly number[]): Promise<Input[]>;
  /** One proof of 1 with each of these secrets. */
  proofsOf(secrets: readonly string[]): Promise<Input[]>;
}

/** One signer thread: unit tests share two cores with each other. */
const THREADS = 1;

/**
 * @param height the tip's
 * @param place a SQLite file or a PostgreSQL URL; what `newPlace` gives unless there is one
 */
export async function openTestMint(
  t: Pick<TestContext, 'after'>,
  height = 101,
  {
    place,
    threads = THREADS,
    journalFolder,
    windowBlocks,
  }: { place?: string; threads?: number; journalFolder?: string | undefined; windowBlocks?: number } = {},
): Promise<TestMint> {
  const path = place ?? (await newPlace());
  const { curve } = await loadCrypto();
  const poolId = curve.publicKey(randomBytes(32));
  const engine = await Engine.open({ path, seed: SEED, threads, journalFolder });
  const mint = new TestMintOn(path, poolId, curve, engine);
  t.after(async () => {
    await mint.engine.close();
  });
  const terms = { policy: 'target', minimumDifficulty: 0, ...(windowBlocks && { windowBlocks }) } as const;
  await mint.engine.epochs.openFirst({ poolId, height, ...terms });
  return mint;
}

/** A share that was judged good, as it is handed to the store. */
export function acceptedWork(segment: number, key: Uint8Array, exponent: number): AcceptedWork {
  return {
    reason: undefined,
    quoteId: newQuoteId(Date.now(), randomBytes(10)),
    shareHashLe: randomBytes(32),
    exponent,
    segment,
    isWaiting: false,
    header: randomBytes(80),
    k: exponent,
    key,
  };
}

class TestMintOn implements TestMint {
  engine: Engine;
  readonly path: string;
  readonly poolId: Uint8Array;
  readonly curve: Curve;
  readonly #outboxId = randomBytes(16);
  #seq = 1n;

  constructor(path: string, poolId: Uint8Array, curve: Curve, engine: Engine) {
    this.path = path;
    this.poolId = poolId;
    this.curve = curve;
    this.engine = engine;
  }

  get keysetId(): string {
    return this.engine.epochs.current(this.poolId)?.keysetId ?? '';
  }

  get unit(): string {
    return this.engine.epochs.current(this.poolId)?.unit ?? '';
  }

  async restart(): Promise<void> {
    await this.engine.close();
    this.engine = await Engine.open({ path: this.path, seed: SEED, threads: THREADS });
  }

  async addQuotes(publicKey: Uint8Array, exponents: readonly number[]): Promise<string[]> {
    const segment = this.engine.epochs.current(this.poolId)?.segment ?? 0;
    const records = exponents.map((exponent) => acceptedWork(segment, publicKey, exponent));
    const firstSeq = this.#seq;
    this.#seq += BigInt(records.length);
    await this.engine.storeWork({
      poolId: this.poolId,
      outboxId: this.#outboxId,
      firstSeq,
      records,
    });
    return records.map(({ quoteId }) => quoteIdText(quoteId));
  }

  blind(exponent: number, keysetId = this.keysetId, secret = toHex(randomBytes(32))): Blinded {
    const factor = randomBytes(32);
    const blinded = this.curve.addPoints(this.curve.hashToCurve(utf8(secret)), this.curve.publicKey(factor));
    return { keysetId, exponent, blinded, secret, factor };
  }

  unblind(output: Blinded, { signature, keysetId, exponent }: IssuedSignature): Input {
    const key = this.engine.keysets.signing.find(({ id }) => id === keysetId)?.publicKeys[exponent];
    if (!key) throw new Error('no such key');
    const blinding = this.curve.multiply(key, output.factor);
    return {
      keysetId,
      exponent,
      secret: output.secret,
      signature: this.curve.addPoints(signature, this.curve.negate(blinding)),
    };
  }

  sign(quote: string, outputs: readonly Output[], secretKey: Uint8Array): Uint8Array {
    const signed = outputs.map(({ exponent, blinded }) => ({ amount: amountOf(exponent), blinded }));
    return this.curve.schnorrSign(mintMessage(quote, signed), secretKey, randomBytes(32));
  }

  proofs(exponents: readonly number[]): Promise<Input[]> {
    return this.#minted(exponents.map((exponent) => this.blind(exponent)));
  }

  proofsOf(secrets: readonly string[]): Promise<Input[]> {
    return this.#minted(secrets.map((secret) => this.blind(0, this.keysetId, secret)));
  }

  async #minted(outputs: readonly Blinded[]): Promise<Input[]> {
    const secretKey = randomBytes(32);
    const exponents = outputs.map(({ exponent }) => exponent);
    const quotes = await this.addQuotes(this.curve.publicKey(secretKey), exponents);
    const signatures = quotes.map((quote) => this.sign(quote, outputs, secretKey));
    const issued = await this.engine.mint({ quotes, outputs, signatures });
    return outputs.flatMap((output, i) => {
      const signature = issued[i];
      return signature && equalBytes(signature.blinded, output.blinded)
        ? this.unblind(output, signature)
        : [];
    });
  }
}

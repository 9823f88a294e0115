import type { Output } from '../../domain/ledger/tokens.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { KeysetBook, MintKeyset } from './keyset-book.ts';
import type { MintClaim, Signed, Signer } from './signer/signer.ts';
import type { SignatureRow, StoredSignature } from './store/ledger.ts';

/** A blind signature as wallets get it. */
export interface IssuedSignature extends Output {
  /** C_, 33 bytes. */
  readonly signature: Uint8Array;
  /** Challenge and response of NUT-12, 32 bytes each. */
  readonly e: Uint8Array;
  readonly s: Uint8Array;
}

type Keysets = ReadonlyMap<string, MintKeyset>;

/** Signatures on the outputs of one request: not given out before `rows` are stored. */
export interface Issue {
  readonly rows: readonly SignatureRow[];
  readonly signatures: IssuedSignature[];
}

/** Through here goes every signature that the mint makes. */
export class Issuance {
  readonly #signer: Signer;
  readonly #keysets: KeysetBook;
  #stopped: string | undefined;
  #held: PromiseWithResolvers<void> | undefined;

  constructor(signer: Signer, keysets: KeysetBook) {
    this.#signer = signer;
    this.#keysets = keysets;
  }

  /** Nothing is signed before `release`: it is not known yet whether the books are sound. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Whether signing waits for the first comparison of the books. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Resolves when the books have been compared; at once where nothing waits for that. */
  get released(): Promise<void> {
    return this.#held?.promise ?? Promise.resolve();
  }

  /** From here on nothing is signed until the mint starts again. @param reason what is wrong, in words */
  stop(reason: string): void {
    this.#stopped = reason;
  }

  /** Why nothing is signed any more; undefined while all is well. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  /** @throws HashpoolError 'signing-stopped', 'mint-not-ready' */
  checkOpen(): void {
    if (this.#stopped !== undefined)
      throw cashuError('signing-stopped', `${this.#stopped}; its operator has to look into it`);
    if (this.isHeld)
      throw cashuError('mint-not-ready', 'it compares its books before it signs; try again in a moment');
  }

  /** Signs outputs. @throws HashpoolError 'request-malformed', 'keyset-unknown', 'signing-stopped', 'mint-not-ready' */
  async sign(outputs: readonly Output[]): Promise<Issue> {
    this.checkOpen();
    const keysets = await this.#keysets.named(outputs);
    return issueOf(keysets, outputs, await this.#signer.sign(blindedOf(keysets, outputs)));
  }

  /**
   * Signs outputs for the owners of locked quotes (NUT-20, NUT-29).
   * @throws HashpoolError 'signature-invalid' and those of `sign`
   */
  async mint(claims: readonly MintClaim[], outputs: readonly Output[]): Promise<Issue> {
    this.checkOpen();
    const keysets = await this.#keysets.named(outputs);
    return issueOf(keysets, outputs, await this.#signer.mint(claims, blindedOf(keysets, outputs)));
  }

  /** A signature that was given out before. */
  stored({ keysetId, exponent, blinded, signed }: StoredSignature): IssuedSignature {
    return issued({ keysetId, exponent, blinded }, signed);
  }
}

/** What the signer signs. */
function blindedOf(keysets: Keysets, outputs: readonly Output[]) {
  return outputs.map(({ keysetId, exponent, blinded }) => {
    const { unit, index } = keysetOf(keysets, keysetId);
    return { unit, index, exponent, blinded };
  });
}

function issueOf(keysets: Keysets, outputs: readonly Output[], signed: readonly Signed[]): Issue {
  const pairs = outputs.map((output, i) => ({ output, signed: at(signed, i) }));
  return {
    rows: pairs.map(({ output: { keysetId, exponent, blinded }, signed }) => {
      return { keyset: keysetOf(keysets, keysetId).row, exponent, blinded, signed };
    }),
    signatures: pairs.map(({ output, signed }) => issued(output, signed)),
  };
}

function keysetOf(keysets: Keysets, id: string): MintKeyset {
  const keyset = keysets.get(id);
  if (keyset) return keyset;
  throw cashuError('keyset-unknown', `${id}; /v1/keysets lists this mint's`);
}

/** The item that belongs to the `i`th of another list. */
function at<T>(list: readonly T[], i: number): T {
  const item = list[i];
  if (item !== undefined) return item;
  throw new HashpoolError(
    'misaligned',
    `the signer answered for ${list.length} items and was asked for more`,
  );
}

function issued({ keysetId, exponent, blinded }: Output, signed: Signed): IssuedSignature {
  const [signature, e, s] = [signed.subarray(0, 33), signed.subarray(33, 65), signed.subarray(65)];
  return { keysetId, exponent, blinded, signature, e, s };
}

import type { Spending } from '../../domain/ledger/conditions.ts';
import { type CheckedInputs, checkSwap, type Input, type Output } from '../../domain/ledger/tokens.ts';
import { checkMint } from '../../domain/quotes/mintable.ts';
import { type QuoteState, quoteState } from '../../domain/quotes/state.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { parseQuoteId, quoteIdText } from '../../protocols/cashu/quote-id.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { openStore, type Store } from '../../runtime/sql/store.ts';
import type { LeaseRequest } from '../../services/work-link/leases.ts';
import { EpochBook } from './epoch-book.ts';
import { MintEvents } from './events.ts';
import { Figures } from './figures.ts';
import { spendable } from './inputs.ts';
import { KeysetBook, type MintKeyset } from './keyset-book.ts';
import { METHOD } from './nuts/answers.ts';
import { type MintClaim, openSigner, type Signed, type Signer, type ToSign } from './signer/signer.ts';
import type { QuoteRow, QuotesOfKeys } from './store/quotes.ts';
import type { MintOperations } from './store/store.ts';
import type { ProofState, SignatureRow, SpentRow } from './store/tokens.ts';
import type { StoredWork, WaitingWork, WorkBatch } from './store/work.ts';

/** Quotes in one batch (NUT-29). */
export const MAX_BATCH = 100;

/** A quote as everything outside the store sees it. */
export interface Quote extends QuoteRow {
  /** The id in text form. */
  readonly name: string;
  readonly state: QuoteState;
  readonly amount: bigint;
}

/** A blind signature as wallets get it. */
export interface IssuedSignature extends Output {
  /** C_, 33 bytes. */
  readonly signature: Uint8Array;
  /** Challenge and response of NUT-12, 32 bytes each. */
  readonly e: Uint8Array;
  readonly s: Uint8Array;
}

/** One quote (NUT-04) or several (NUT-29) to be minted into outputs. */
export interface MintRequest {
  readonly quotes: readonly string[];
  readonly outputs: readonly Output[];
  /** One for each quote, 64 bytes each; undefined where the wallet gave none. */
  readonly signatures: readonly (Uint8Array | undefined)[];
  /** What the wallet takes each quote to be worth, where it says so. */
  readonly expectedAmounts?: readonly bigint[];
}

interface Parts {
  readonly store: Store<MintOperations>;
  readonly signer: Signer;
  readonly keysets: KeysetBook;
  readonly epochs: EpochBook;
  readonly figures: Figures;
  readonly events: MintEvents;
}

/**
 * The mint without any network: what the HTTP routes and the work intake call. Every method that changes
 * something answers after the change is on the disk, and signs before.
 */
export class Engine {
  readonly keysets: KeysetBook;
  readonly epochs: EpochBook;
  readonly signer: Signer;
  readonly figures: Figures;
  readonly events: MintEvents;
  readonly #store: Store<MintOperations>;

  private constructor(parts: Parts) {
    this.#store = parts.store;
    this.signer = parts.signer;
    this.keysets = parts.keysets;
    this.epochs = parts.epochs;
    this.figures = parts.figures;
    this.events = parts.events;
  }

  /**
   * Opens store and signer; the signer has tested itself when this resolves.
   * @param options.path the database file
   * @param options.seed 64 hex digits, from which every private key follows
   * @param options.threads signer threads, one for each core unless given
   * @param options.onListenerError is told what a listener of `events` threw
   * @throws HashpoolError 'bad-seed', 'wrong-seed', 'self-test', 'database-open', 'database-newer'
   */
  static async open({
    path,
    seed,
    threads,
    onListenerError = throwLater,
  }: {
    path: string;
    seed: string;
    threads?: number;
    onListenerError?: (error: unknown) => void;
  }): Promise<Engine> {
    const module = new URL('./store/store.ts', import.meta.url);
    const signer = await openSigner(seed, threads);
    try {
      const store = await openStore<MintOperations>({ module, path, name: 'mint' });
      try {
        const keysets = await KeysetBook.open(store, signer);
        const epochs = await EpochBook.open(store, keysets);
        const figures = new Figures(await store.call('books', null));
        return new Engine({
          store,
          signer,
          keysets,
          epochs,
          figures,
          events: new MintEvents(onListenerError),
        });
      } catch (error) {
        await store.close();
        throw error;
      }
    } catch (error) {
      await signer.close();
      throw error;
    }
  }

  /**
   * Turns paid quotes into blind signatures, all or none (NUT-04, NUT-20, NUT-29).
   * @throws HashpoolError of the table in protocols/cashu/errors.ts
   */
  async mint({
    quotes: names,
    outputs,
    signatures,
    expectedAmounts,
  }: MintRequest): Promise<IssuedSignature[]> {
    checkBatch(names, signatures, expectedAmounts);
    const quotes = await this.quotes(names);
    checkExpected(quotes, expectedAmounts);
    checkMint(quotes, outputs, this.keysets.all, unixNow());
    const signed = await this.signer.mint(claimsOf(quotes, signatures), this.#toSign(outputs));
    const rows = this.#rowsOf(outputs, signed);
    await this.#store.call('mint', { quotes: quotes.map(({ id }) => id), signatures: rows });
    this.figures.issued(quotes.map(({ exponent }) => exponent));
    for (const { name } of quotes) this.#quoteChanged(name);
    return issuedOf(outputs, signed);
  }

  /** Spends proofs and signs outputs of the same worth (NUT-03). @throws HashpoolError of the same table */
  async swap(inputs: readonly Input[], outputs: readonly Output[]): Promise<IssuedSignature[]> {
    const paid = checkSwap(inputs, outputs, this.keysets.all, unixNow());
    const asked = outputs.map(({ exponent, blinded }) => ({ amount: amountOf(exponent), blinded }));
    const spent = await this.spendable(paid, { outputs: asked });
    const signed = await this.signer.sign(this.#toSign(outputs));
    await this.#store.call('swap', { spent, signatures: this.#rowsOf(outputs, signed) });
    this.events.emit('proofs-changed', { ys: spent.map(({ y }) => y), state: 'SPENT' });
    return issuedOf(outputs, signed);
  }

  /** The rows that spend checked inputs in a request, where curve and conditions allow it; see inputs.ts. */
  spendable(paid: CheckedInputs, spending: Spending): Promise<SpentRow[]> {
    return spendable({ signer: this.signer, keysets: this.keysets.all }, paid, spending, unixNow());
  }

  /** For each Y how its proof stands (NUT-07). */
  proofStates(ys: readonly Uint8Array[]): Promise<ProofState[]> {
    return this.#store.call('proofStates', ys);
  }

  /** For each B_ the signature it once got, if any (NUT-09). */
  async signaturesOf(blinded: readonly Uint8Array[]): Promise<(IssuedSignature | undefined)[]> {
    const rows = await this.#store.call('signaturesOf', blinded);
    const idOf = new Map([...this.keysets.all.values()].map(({ row, id }) => [row, id]));
    return rows.map((row) => {
      return row && issued({ ...row, keysetId: idOf.get(row.keyset) ?? '' }, row.signed);
    });
  }

  /** Quotes by their names, in order. @throws HashpoolError 'quote-unknown' naming the first unknown one */
  async quotes(names: readonly string[]): Promise<Quote[]> {
    const ids = names.map((name) => parseQuoteId(name) ?? unknownQuote(name));
    const rows = await this.#store.call('quotesById', ids);
    return rows.map((row, i) => (row ? quoteOf(row) : unknownQuote(names[i] ?? '')));
  }

  /** A page of the quotes locked to any of `keys`, and whether more follow. */
  async quotesOfKeys(request: QuotesOfKeys): Promise<{ quotes: Quote[]; hasMore: boolean }> {
    const { quotes, hasMore } = await this.#store.call('quotesOfKeys', request);
    return { quotes: quotes.map(quoteOf), hasMore };
  }

  /** @param shareHashLe 32 bytes, header order */
  async quoteByShare(shareHashLe: Uint8Array): Promise<Quote | undefined> {
    const row = await this.#store.call('quoteByShare', shareHashLe);
    return row && quoteOf(row);
  }

  /** The last sequence number of an outbox that is stored; 0 for an outbox not known. */
  storedSeq(outbox: Pick<WorkBatch, 'poolId' | 'outboxId'>): Promise<bigint> {
    return this.#store.call('storedSeq', outbox);
  }

  /** Gives a server id to an outbox, or renews its lease; false where another outbox has it. */
  lease(request: LeaseRequest): Promise<boolean> {
    return this.#store.call('lease', request);
  }

  /** Stores checked work; idempotent on the same records. */
  async storeWork(batch: WorkBatch): Promise<StoredWork> {
    const stored = await this.#store.call('storeWork', batch);
    this.figures.created(stored.created);
    return stored;
  }

  /** Quotes whose prev hash was not known when they came. */
  waiting(after: number, limit: number): Promise<WaitingWork[]> {
    return this.#store.call('waiting', { after, limit });
  }

  /** Ends the wait of quotes. */
  async settle(settled: Parameters<MintOperations['settle']>[0]): Promise<void> {
    this.figures.voided(await this.#store.call('settle', settled));
  }

  /** Resolves while the store's thread lives and its database can be read. */
  ping(): Promise<boolean> {
    return this.#store.call('ping', null);
  }

  /** For the parts that keep rows of their own in it. */
  get store(): Store<MintOperations> {
    return this.#store;
  }

  /** Finishes what is under way and closes store and signer. */
  async close(): Promise<void> {
    await this.#store.close();
    await this.signer.close();
  }

  #quoteChanged(quote: string): void {
    this.events.emit('quote-changed', { kind: 'mint', method: METHOD, quote });
  }

  #toSign(outputs: readonly Output[]): ToSign[] {
    return outputs.map(({ keysetId, exponent, blinded }) => ({
      ...this.#nameOf(keysetId),
      exponent,
      blinded,
    }));
  }

  #rowsOf(outputs: readonly Output[], signed: readonly Signed[]): SignatureRow[] {
    return outputs.map(({ keysetId, exponent, blinded }, i) => {
      return { keyset: this.#keyset(keysetId).row, exponent, blinded, signed: at(signed, i) };
    });
  }

  #nameOf(keysetId: string): { unit: string; index: number } {
    const { unit, index } = this.#keyset(keysetId);
    return { unit, index };
  }

  #keyset(id: string): MintKeyset {
    const keyset = this.keysets.all.get(id);
    if (keyset) return keyset;
    throw cashuError('keyset-unknown', `${id}; /v1/keysets lists this mint's`);
  }
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}

/** A listener that fails is a defect: with nobody to tell, it ends the process. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

function checkBatch(
  names: readonly string[],
  signatures: readonly unknown[],
  expected: readonly bigint[] | undefined,
): void {
  if (names.length === 0) throw cashuError('request-malformed', 'quotes is empty; give one at least');
  if (names.length > MAX_BATCH) {
    throw cashuError('batch-too-large', `quotes has ${names.length}; at most ${MAX_BATCH}, split the batch`);
  }
  if (new Set(names).size !== names.length)
    throw cashuError('duplicate-quotes', 'quotes names one twice; name each once');
  if (signatures.length !== names.length) {
    throw cashuError(
      'signature-invalid',
      `signatures has ${signatures.length} for ${names.length} quotes; give one each`,
    );
  }
  if (expected && expected.length !== names.length) {
    throw cashuError(
      'request-malformed',
      `quote_amounts has ${expected.length} for ${names.length} quotes; give one each`,
    );
  }
}

function checkExpected(quotes: readonly Quote[], expected: readonly bigint[] | undefined): void {
  expected?.forEach((amount, i) => {
    const worth = quotes[i]?.amount;
    if (amount === worth) return;
    throw cashuError(
      'not-balanced',
      `quote_amounts[${i}] is ${amount}, the quote is worth ${worth}; ask for that`,
    );
  });
}

function quoteOf(row: QuoteRow): Quote {
  return { ...row, name: quoteIdText(row.id), state: quoteState(row), amount: amountOf(row.exponent) };
}

function unknownQuote(name: string): never {
  throw cashuError(
    'quote-unknown',
    `this mint has no quote ${JSON.stringify(name.slice(0, 64))}; look it up by its key`,
  );
}

/** @throws HashpoolError 'signature-invalid' where a quote comes without a signature: all of them are locked */
function claimsOf(quotes: readonly Quote[], signatures: readonly (Uint8Array | undefined)[]): MintClaim[] {
  return quotes.map(({ name, publicKey }, i) => {
    const signature = signatures[i];
    if (signature) return { quote: name, publicKey, signature };
    throw cashuError(
      'signature-invalid',
      `quote ${name} is locked and comes without one; sign with the key of its pubkey`,
    );
  });
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

function issuedOf(outputs: readonly Output[], signed: readonly Signed[]): IssuedSignature[] {
  return outputs.map((output, i) => issued(output, at(signed, i)));
}

function issued({ keysetId, exponent, blinded }: Output, signed: Signed): IssuedSignature {
  const [signature, e, s] = [signed.subarray(0, 33), signed.subarray(33, 65), signed.subarray(65)];
  return { keysetId, exponent, blinded, signature, e, s };
}

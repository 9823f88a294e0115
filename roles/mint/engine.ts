import type { Spending } from '../../domain/ledger/conditions.ts';
import {
  type CheckedInputs,
  checkInputs,
  checkSwap,
  type Input,
  type Output,
} from '../../domain/ledger/tokens.ts';
import { checkMint } from '../../domain/quotes/mintable.ts';
import { type QuoteState, quoteState } from '../../domain/quotes/state.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { parseQuoteId, quoteIdText } from '../../protocols/cashu/quote-id.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { faultPoint } from '../../runtime/fault-point.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import { openStore, type Store } from '../../runtime/sql/store.ts';
import type { LeaseRequest } from '../../services/work-link/leases.ts';
import { EpochBook } from './epoch-book.ts';
import { MintEvents } from './events.ts';
import { spendable } from './inputs.ts';
import { Issuance, type IssuedSignature } from './issuance.ts';
import { KeysetBook } from './keyset-book.ts';
import { checkBatch, checkExpected, type MintRequest } from './mint-request.ts';
import { METHOD } from './nuts/answers.ts';
import { onceOrAgain } from './replays.ts';
import { type MintClaim, openSigner, type Signer } from './signer/signer.ts';
import type { QuotesOfKeys } from './store/key-pages.ts';
import type { SpentRow } from './store/ledger.ts';
import type { QuoteRow } from './store/quotes.ts';
import type { MintOperations } from './store/store.ts';
import type { QuoteFigures } from './store/tallies.ts';
import type { ProofState } from './store/tokens.ts';
import type { OutboxProgress, SettledWork, StoredWork, WaitingWork, WorkBatch } from './store/work.ts';

/** A quote as everything outside the store sees it. */
export interface Quote extends QuoteRow {
  /** The id in text form. */
  readonly name: string;
  readonly state: QuoteState;
  readonly amount: bigint;
}

interface Parts {
  readonly isShared: boolean;
  readonly store: Store<MintOperations>;
  readonly signer: Signer;
  readonly keysets: KeysetBook;
  readonly epochs: EpochBook;
  readonly events: MintEvents;
}

/**
 * The mint without any network: what the HTTP routes and the work intake call. Every method that changes
 * something answers after the change is on the disk, and signs before.
 */
export class Engine {
  /** Whether other processes may work on the same database. */
  readonly isShared: boolean;
  /** For the parts that keep rows of their own in it. */
  readonly store: Store<MintOperations>;
  readonly signer: Signer;
  readonly keysets: KeysetBook;
  /** Makes every signature. */
  readonly issuance: Issuance;
  readonly epochs: EpochBook;
  readonly events: MintEvents;

  private constructor(parts: Parts) {
    this.isShared = parts.isShared;
    this.store = parts.store;
    this.signer = parts.signer;
    this.keysets = parts.keysets;
    this.issuance = new Issuance(parts.signer, parts.keysets);
    this.epochs = parts.epochs;
    this.events = parts.events;
  }

  /**
   * Opens store and signer; the signer has tested itself when this resolves.
   * @param options.path the database's file, or a PostgreSQL URL
   * @param options.seed 64 hex digits, from which every private key follows
   * @param options.threads signer threads, one for each core unless given
   * @param options.journalFolder where the journal of what is issued and spent is kept, if it is
   * @param options.onListenerError is told what a listener of `events` threw
   * @throws HashpoolError 'bad-seed', 'wrong-seed', 'self-test', 'database-open', 'database-newer'
   */
  static async open({
    path,
    seed,
    threads,
    journalFolder,
    onListenerError = throwLater,
  }: {
    path: string;
    seed: string;
    threads?: number;
    journalFolder?: string | undefined;
    onListenerError?: (error: unknown) => void;
  }): Promise<Engine> {
    const module = new URL('./store/store.ts', import.meta.url);
    const events = new MintEvents(onListenerError);
    const signer = await openSigner(seed, threads);
    try {
      const store = await openStore<MintOperations>({ module, path, name: 'mint', journalFolder });
      try {
        const keysets = await KeysetBook.open(store, signer, events);
        const epochs = await EpochBook.open(store, keysets, events);
        return new Engine({
          isShared: isPostgres(path),
          store,
          signer,
          keysets,
          epochs,
          events,
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
   * Turns paid quotes into blind signatures, all or none (NUT-04, NUT-20, NUT-29); the same request again has the
   * same answer (NUT-19).
   * @throws HashpoolError of the table in protocols/cashu/errors.ts
   */
  mint(request: MintRequest): Promise<IssuedSignature[]> {
    return onceOrAgain(request.outputs, () => this.#mint(request), {
      signaturesOf: (blinded) => this.signaturesOf(blinded),
      isPaid: async () => (await this.quotes(request.quotes)).every(({ state }) => state === 'ISSUED'),
    });
  }

  /** Spends proofs and signs outputs of the same worth (NUT-03, NUT-19). @throws HashpoolError of the same table */
  swap(inputs: readonly Input[], outputs: readonly Output[]): Promise<IssuedSignature[]> {
    return onceOrAgain(outputs, () => this.#swap(inputs, outputs), {
      signaturesOf: (blinded) => this.signaturesOf(blinded),
      isPaid: async () => {
        const keysets = await this.keysets.named(inputs);
        const spent = await this.#spent(checkInputs(inputs, keysets, unixNow()), outputs);
        const states = await this.proofStates(spent.map(({ y }) => y));
        return states.every(({ state }) => state === 'SPENT');
      },
    });
  }

  async #mint(request: MintRequest): Promise<IssuedSignature[]> {
    checkBatch(request);
    const { outputs, signatures, expectedAmounts } = request;
    const quotes = await this.quotes(request.quotes);
    checkExpected(quotes, expectedAmounts);
    checkMint(quotes, outputs, await this.keysets.named(outputs), unixNow());
    const issue = await this.issuance.mint(claimsOf(quotes, signatures), outputs);
    faultPoint('mint-signed');
    await this.store.call('mint', { quotes: quotes.map(({ id }) => id), signatures: issue.rows });
    faultPoint('mint-issued');
    for (const { name } of quotes) this.#quoteChanged(name);
    return issue.signatures;
  }

  async #swap(inputs: readonly Input[], outputs: readonly Output[]): Promise<IssuedSignature[]> {
    const keysets = await this.keysets.named([...inputs, ...outputs]);
    const paid = checkSwap(inputs, outputs, keysets, unixNow());
    const spent = await this.#spent(paid, outputs);
    const issue = await this.issuance.sign(outputs);
    faultPoint('swap-signed');
    await this.store.call('swap', { spent, signatures: issue.rows });
    faultPoint('swap-stored');
    this.events.emit('proofs-changed', { ys: spent.map(({ y }) => y), state: 'SPENT' });
    return issue.signatures;
  }

  /** The rows that spend checked inputs in a request, where curve and conditions allow it; see inputs.ts. */
  async spendable(paid: CheckedInputs, spending: Spending): Promise<SpentRow[]> {
    const keysets = await this.keysets.named(paid.inputs);
    return spendable({ signer: this.signer, keysets }, paid, spending, unixNow());
  }

  /** For each Y how its proof stands (NUT-07). */
  proofStates(ys: readonly Uint8Array[]): Promise<ProofState[]> {
    return this.store.call('proofStates', ys);
  }

  /** For each B_ the signature it once got, if any (NUT-09). */
  async signaturesOf(blinded: readonly Uint8Array[]): Promise<(IssuedSignature | undefined)[]> {
    const rows = await this.store.call('signaturesOf', blinded);
    return rows.map((row) => row && this.issuance.stored(row));
  }

  /** Quotes by their names, in order. @throws HashpoolError 'quote-unknown' naming the first unknown one */
  async quotes(names: readonly string[]): Promise<Quote[]> {
    const quotes = await this.knownQuotes(names);
    return quotes.map((quote, i) => quote ?? unknownQuote(names[i] ?? ''));
  }

  /** The same, with undefined for what is not there. @throws HashpoolError 'quote-unknown' for what is no id at all */
  async knownQuotes(names: readonly string[]): Promise<(Quote | undefined)[]> {
    const ids = names.map((name) => parseQuoteId(name) ?? unknownQuote(name));
    const rows = await this.store.call('quotesById', ids);
    return rows.map((row) => row && quoteOf(row));
  }

  /** A page of the quotes locked to any of `keys`, and whether more follow. */
  async quotesOfKeys(request: QuotesOfKeys): Promise<{ quotes: Quote[]; hasMore: boolean }> {
    const { quotes, hasMore } = await this.store.call('quotesOfKeys', request);
    return { quotes: quotes.map(quoteOf), hasMore };
  }

  /** @param shareHashLe 32 bytes, header order */
  async quoteByShare(shareHashLe: Uint8Array): Promise<Quote | undefined> {
    const row = await this.store.call('quoteByShare', shareHashLe);
    return row && quoteOf(row);
  }

  /** How far an outbox is. */
  outboxProgress(outbox: Pick<WorkBatch, 'poolId' | 'outboxId'>): Promise<OutboxProgress> {
    return this.store.call('outboxProgress', outbox);
  }

  /** Gives a server id to an outbox, or renews its lease; false where another outbox has it. */
  lease(request: LeaseRequest): Promise<boolean> {
    return this.store.call('lease', request);
  }

  /** Stores checked work; idempotent on the same records. */
  storeWork(batch: WorkBatch): Promise<StoredWork> {
    return this.store.call('storeWork', batch);
  }

  /** Quotes whose prev hash was not known when they came. */
  waiting(after: number, limit: number): Promise<WaitingWork[]> {
    return this.store.call('waiting', { after, limit });
  }

  /** Ends the wait of quotes. */
  async settle(settled: readonly SettledWork[]): Promise<void> {
    await this.store.call('settle', settled);
    this.quotesChanged();
  }

  /** Tells that any quote of ehash may stand otherwise than before. */
  quotesChanged(): void {
    this.#quoteChanged(undefined);
  }

  /** The sums of all quotes. */
  figures(): Promise<QuoteFigures> {
    return this.store.call('figures', null);
  }

  /** Settles with the reason where a thread of store or signer ends unasked. */
  get died(): Promise<Error> {
    return Promise.race([this.store.died, this.signer.died]);
  }

  /** Resolves while the store's thread lives and its database can be read; a server that is away is waited for. */
  async ping(): Promise<void> {
    try {
      await this.store.call('ping', null);
    } catch (error) {
      if (!isHashpoolError(error, 'store-unavailable', 'store-busy')) throw error;
    }
  }

  /** Finishes what is under way and closes store and signer. */
  async close(): Promise<void> {
    await this.store.close();
    await this.signer.close();
  }

  /** The rows that spend a swap's inputs. */
  #spent(paid: CheckedInputs, outputs: readonly Output[]): Promise<SpentRow[]> {
    const asked = outputs.map(({ exponent, blinded }) => ({ amount: amountOf(exponent), blinded }));
    return this.spendable(paid, { outputs: asked });
  }

  #quoteChanged(quote: string | undefined): void {
    this.events.emit('quote-changed', { kind: 'mint', method: METHOD, quote });
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
export function claimsOf(
  quotes: readonly Quote[],
  signatures: readonly (Uint8Array | undefined)[],
): MintClaim[] {
  return quotes.map(({ name, publicKey }, i) => {
    const signature = signatures[i];
    if (signature) return { quote: name, publicKey, signature };
    throw cashuError(
      'signature-invalid',
      `quote ${name} is locked and comes without one; sign with the key of its pubkey`,
    );
  });
}

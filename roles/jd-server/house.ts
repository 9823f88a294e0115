import {
  type BlockSolution,
  type DeclaredBlock,
  solvedBy,
} from '../../domain/job-declaration/declared-block.ts';
import { DeclaredJobs } from '../../domain/job-declaration/declared-jobs.ts';
import { KnownTransactions } from '../../domain/job-declaration/known-transactions.ts';
import type { BlockTemplate } from '../../domain/templates/block-template.ts';
import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { TokenTerms } from '../../protocols/sv2/mining-job-token.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { TokenBuckets } from '../../runtime/token-buckets.ts';
import type { TokenWorker } from '../../services/mining-job-tokens/token-worker.ts';
import { proposeBlock } from '../../services/node/propose-block.ts';
import { submitBlock } from '../../services/node/submit-block.ts';
import type { JdServerConfig } from './config.ts';
import { NodeView } from './node-view.ts';

export interface HouseParts {
  readonly config: JdServerConfig;
  readonly rpc: BitcoinRpc;
  readonly tokens: TokenWorker;
  readonly tokenKey: Uint8Array;
  readonly rewardScript: Uint8Array;
  readonly context: Pick<RoleContext<unknown, unknown>, 'log' | 'status' | 'stopping'>;
}

/** What the house has done; codes are those of DeclareMiningJob.Error. */
export interface HouseSums {
  readonly clients: number;
  readonly tokens: number;
  readonly declared: number;
  readonly solutions: number;
  readonly refused: ReadonlyMap<string, number>;
}

/** Declarations that may wait for the node, of all clients together. */
const MAX_PROPOSALS = 64;
const MS_PER_MINUTE = 60_000;
const BYTES_PER_MB = 2 ** 20;

/** What all clients of the jd-server share: the node, the tokens' key, limits and numbers. */
export class House {
  readonly node: NodeView;
  readonly known: KnownTransactions;
  readonly jobs: DeclaredJobs;
  readonly declarations: TokenBuckets;
  readonly allocations: TokenBuckets;
  /** Solutions of no job: each costs the hashes of a client's jobs. */
  readonly misfits: TokenBuckets;
  readonly #parts: HouseParts;
  readonly #submitting = new Set<Promise<void>>();
  #proposing: Promise<unknown> = Promise.resolve();
  #proposals = 0;
  #mark: Uint8Array | undefined;
  #trouble: string | undefined = 'the node has not answered yet';
  readonly #counts = { clients: 0, tokens: 0, declared: 0, refused: 0, solutions: 0 };
  /** Refused declarations by code, of which there are few. */
  readonly #refused = new Map<string, number>();

  constructor(parts: HouseParts) {
    this.#parts = parts;
    const { config } = parts;
    const perMinute = config.declarations_per_minute;
    this.known = new KnownTransactions(config.known_transactions_mb * BYTES_PER_MB);
    this.jobs = new DeclaredJobs(config.declared_transactions_mb * BYTES_PER_MB);
    this.node = new NodeView(this.known);
    const rate = { perSecond: (1000 * perMinute) / MS_PER_MINUTE, burst: perMinute };
    this.declarations = new TokenBuckets(rate, () => performance.now());
    this.allocations = new TokenBuckets(rate, () => performance.now());
    this.misfits = new TokenBuckets(rate, () => performance.now());
    this.#report();
  }

  get log(): HouseParts['context']['log'] {
    return this.#parts.context.log;
  }

  get rewardScript(): Uint8Array {
    return this.#parts.rewardScript;
  }

  get tokenSeconds(): number {
    return this.#parts.config.token_validity_sec;
  }

  /** What a declared coinbase must have, all empty: the pool's output first, then the mark of the epoch's keyset. */
  outputs(): TransactionOutput[] {
    const mark = this.#mark === undefined ? [] : [{ value: 0n, script: this.#mark }];
    return [{ value: 0n, script: this.rewardScript }, ...mark];
  }

  sign(terms: TokenTerms): Promise<Uint8Array> {
    return this.#parts.tokens.call('sign', { terms, secretKey: this.#parts.tokenKey });
  }

  /**
   * The node's reason against a block on its tip, see {@link proposeBlock}; it is asked one thing at a time.
   * @throws HashpoolError 'too-many-declarations' where too many wait already; RpcError
   */
  propose(block: Uint8Array): Promise<string | undefined> {
    if (this.#proposals >= MAX_PROPOSALS)
      return Promise.reject(
        new HashpoolError(
          'too-many-declarations',
          'the node has too many declarations to look at: try again',
        ),
      );
    this.#proposals++;
    const answer = this.#proposing.then(() => proposeBlock(this.#parts.rpc, block));
    this.#proposing = Promise.allSettled([answer]).then(() => this.#proposals--);
    return answer;
  }

  /** Gives a declared job's block to the node where the solution makes one; says whether it does. */
  solve(declared: DeclaredBlock, solution: BlockSolution): boolean {
    const found = solvedBy(declared, solution);
    if (found === undefined) return false;
    const { rpc, context } = this.#parts;
    const block = { bytes: found.bytes, hash: toHex(reversed(found.hashLe)), height: declared.height };
    const submitting = submitBlock(block, { rpc, log: context.log, signal: context.stopping });
    this.#submitting.add(submitting);
    void submitting.then(() => this.#submitting.delete(submitting));
    this.count('solutions');
    return true;
  }

  /** What was done since this process began. */
  get sums(): HouseSums {
    return { ...this.#counts, refused: this.#refused };
  }

  count(what: 'tokens' | 'declared' | 'solutions'): void {
    this.#counts[what]++;
    this.#report();
  }

  /** @param code of DeclareMiningJob.Error */
  refused(code: string): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
    this.#counts.refused++;
    this.#report();
  }

  welcome({ closed }: Pick<Sv2Connection<unknown>, 'closed'>): void {
    this.#counts.clients++;
    this.#report();
    void closed.then(() => {
      this.#counts.clients--;
      this.#report();
    });
  }

  takeTemplate(template: BlockTemplate): void {
    this.node.take(template);
    this.#report();
  }

  takeMark(script: Uint8Array): void {
    this.#mark = script;
    this.#report();
  }

  /** The node's trouble in words; undefined when it works. */
  troubled(trouble: string | undefined): void {
    this.#trouble = trouble;
    this.#report();
  }

  /** Resolves when no found block is under way to the node any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#submitting);
  }

  /** What is waited for, in words; undefined while jobs can be declared. */
  get trouble(): string | undefined {
    const troubles = [
      ...(this.#trouble === undefined ? [] : [`waiting: ${this.#trouble}`]),
      ...(this.#mark === undefined ? ["waiting: the mint has not told the epoch's keyset yet"] : []),
    ];
    return troubles.length === 0 ? undefined : troubles.join('; ');
  }

  #report(): void {
    this.#parts.context.status(this.trouble ?? 'jobs can be declared', { ...this.#counts });
  }
}

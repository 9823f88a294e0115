import { randomBytes } from 'node:crypto';
import type { JobShelf } from '../../domain/job-declaration/declared-jobs.ts';
import { IssuedTokens } from '../../domain/job-declaration/issued-tokens.ts';
import type { KnownTransaction } from '../../domain/job-declaration/known-transactions.ts';
import { encodeCompactSize } from '../../protocols/bitcoin/compact-size.ts';
import { encodeOutputs } from '../../protocols/bitcoin/output.ts';
import { concatBytes, equalBytes, utf8 } from '../../protocols/bytes.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';
import {
  JOB_DECLARATION_PROTOCOL,
  judgeSetup,
  type SetupAnswer,
  type SetupConnection,
} from '../../protocols/sv2/common.ts';
import { DECLARE_TX_DATA, type JobDeclarationMessage } from '../../protocols/sv2/job-declaration.ts';
import { identityHash, NO_JOB } from '../../protocols/sv2/mining-job-token.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { wallClock } from '../../runtime/sv2/limits.ts';
import type { House } from './house.ts';
import { type Declaration, judgeDeclaration, staleTip } from './judge.ts';
import { fillIn, lookUp } from './missing.ts';
import type { Tip } from './node-view.ts';

type Message<N extends JobDeclarationMessage['name']> = Extract<JobDeclarationMessage, { name: N }>;

/** Declarations of one client that may wait for the one before. */
const MAX_WAITING = 4;
/** How long a miner's node may be ahead of ours. */
const TIP_PATIENCE_MS = 10_000;
/** For the client's answer with the transactions that are missing. */
const MISSING_LIMIT_MS = 20_000;

/** Codes of DeclareMiningJob.Error that are the client's to mend; what else goes wrong is `internal-error`. */
const CODES = new Set([
  'invalid-mining-job-token',
  'missing-txs',
  'bad-transaction',
  'invalid-coinbase-tx',
  'invalid-coinbase-tx-input',
  'invalid-coinbase-tx-outputs',
  'invalid-job',
  'stale-chain-tip',
  'too-many-declarations',
]);

interface Asked {
  readonly requestId: number;
  settle(transactions: readonly Uint8Array[]): void;
}

/**
 * Judges a client's SetupConnection.
 * @param isWholeRequired whether it must be ready to show its transactions
 */
export function judgeClient(setup: SetupConnection, isWholeRequired: boolean): SetupAnswer {
  const answer = judgeSetup(setup, { protocol: JOB_DECLARATION_PROTOCOL, supportedFlags: DECLARE_TX_DATA });
  if ('error_code' in answer || !isWholeRequired || (setup.flags & DECLARE_TX_DATA) !== 0) return answer;
  return { error_code: 'missing-declare-tx-data-flag', flags: 0 };
}

/** One client of the jd-server. What it does wrong is answered to it and costs nobody else anything. */
export class Session {
  readonly #connection: Sv2Connection<JobDeclarationMessage>;
  readonly #house: House;
  readonly #tokens = new IssuedTokens();
  readonly #shelf: JobShelf;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  #asked: Asked | undefined;

  constructor(connection: Sv2Connection<JobDeclarationMessage>, house: House) {
    this.#connection = connection;
    this.#house = house;
    this.#shelf = house.jobs.open(connection.client);
    void connection.closed.then(() => this.#shelf.close());
  }

  receive(message: JobDeclarationMessage): void {
    switch (message.name) {
      case 'AllocateMiningJobToken':
        this.#allocate(message);
        break;
      case 'DeclareMiningJob':
        this.#declare(message);
        break;
      case 'ProvideMissingTransactions.Success':
        this.#provide(message);
        break;
      case 'PushSolution':
        this.#push(message);
        break;
      default:
        this.#house.log.debug(`ignored ${message.name}, which clients have no reason to send`);
    }
  }

  #allocate({ user_identifier, request_id }: Message<'AllocateMiningJobToken'>): void {
    if (this.#house.allocations.take(this.#connection.client, 1) > 0) {
      this.#connection.close('it asks for more tokens than it may declare jobs');
      return;
    }
    const expiry = wallClock() + this.#house.tokenSeconds;
    const terms = { id: randomBytes(16), expiry, identity: identityHash(user_identifier), job: NO_JOB };
    this.#tokens.add(terms);
    this.#house.count('tokens');
    this.#inOrder(async () => {
      const mining_job_token = await this.#house.sign(terms);
      const outputs = this.#house.outputs();
      const coinbase_tx_outputs = concatBytes(encodeCompactSize(outputs.length), encodeOutputs(outputs));
      this.#connection.send({
        name: 'AllocateMiningJobToken.Success',
        request_id,
        mining_job_token,
        coinbase_tx_outputs,
      });
    });
  }

  #declare(message: Declaration): void {
    const { remote, client } = this.#connection;
    const waitMs = this.#house.declarations.take(client, 1);
    if (waitMs > 0 || this.#waiting >= MAX_WAITING) {
      const words =
        waitMs > 0 ? `try again in ${Math.ceil(waitMs / 1000)} s` : 'wait for the answers to those before';
      this.#refuse(message, 'too-many-declarations', `too many declarations: ${words}`);
      return;
    }
    this.#waiting++;
    this.#inOrder(async () => {
      this.#waiting--;
      try {
        await this.#judge(message);
      } catch (error) {
        if (!isHashpoolError(error)) throw error;
        const code = CODES.has(error.code) ? error.code : 'internal-error';
        this.#house.log.info({ remote, code }, `a declaration was refused: ${error.message}`);
        this.#refuse(message, code, error.message);
      }
    });
  }

  async #judge(message: Declaration): Promise<void> {
    const house = this.#house;
    if ((this.#connection.setup.flags & DECLARE_TX_DATA) === 0)
      throw new HashpoolError('invalid-job', 'a connection without DECLARE_TX_DATA declares no transactions');
    const terms = this.#tokens.find(message.mining_job_token, wallClock());
    const judged = await judgeDeclaration(message, {
      rewardScript: house.rewardScript,
      tipFor: (height) => house.node.tipFor(height, TIP_PATIENCE_MS),
      transactionsOf: (declaration, on) => this.#transactionsOf(declaration, on),
      propose: (block) => house.propose(block),
    });
    this.#shelf.keep(judged.block);
    // What the node would not take in a block is not worth the room of what it would.
    for (const transaction of judged.transactions) house.known.add(transaction);
    this.#tokens.use(terms);
    house.count('declared');
    // The declared job's token has an id of its own: the pool takes each once.
    const declared = {
      ...terms,
      id: randomBytes(16),
      job: judged.digest,
      expiry: wallClock() + house.tokenSeconds,
    };
    this.#connection.send({
      name: 'DeclareMiningJob.Success',
      request_id: message.request_id,
      new_mining_job_token: await house.sign(declared),
    });
  }

  async #transactionsOf(declaration: Declaration, tip: Tip): Promise<readonly KnownTransaction[]> {
    const looked = lookUp(declaration, this.#house.known);
    const isWhole = looked.missing.length === 0;
    return fillIn(declaration, looked, isWhole ? [] : await this.#ask(declaration, looked.missing, tip));
  }

  /**
   * The client's transactions at these places of its declaration.
   * @throws HashpoolError 'missing-txs' where it does not send them in time, 'stale-chain-tip' once the tip is another
   */
  #ask({ request_id }: Declaration, missing: readonly number[], tip: Tip): Promise<readonly Uint8Array[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Uint8Array[]>();
    const timer = setTimeout(() => reject(notSent()), MISSING_LIMIT_MS);
    this.#asked = { requestId: request_id, settle: resolve };
    this.#connection.send({
      name: 'ProvideMissingTransactions',
      request_id,
      unknown_tx_position_list: [...missing],
    });
    const forget = this.#house.node.whenLeft(tip, () => reject(staleTip(tip.height)));
    return promise.finally(() => {
      clearTimeout(timer);
      forget();
      this.#asked = undefined;
    });
  }

  #provide({ request_id, transaction_list }: Message<'ProvideMissingTransactions.Success'>): void {
    if (this.#asked?.requestId === request_id) this.#asked.settle(transaction_list);
    else this.#house.log.debug({ request_id }, 'ignored transactions that nobody asked for');
  }

  #push({ prev_hash, extranonce, version, ntime, nonce }: Message<'PushSolution'>): void {
    const solution = { extranonce, version, time: ntime, nonce };
    const onTip = this.#shelf.jobs.filter(({ prevHashLe }) => equalBytes(prevHashLe, prev_hash));
    if (onTip.some((block) => this.#house.solve(block, solution))) return;
    const { remote, client } = this.#connection;
    this.#house.log.warn({ remote }, 'a solution fits none of the jobs that this client has declared');
    if (this.#house.misfits.take(client, 1) > 0)
      this.#connection.close('it pushes more solutions of no job than it may declare jobs');
  }

  #refuse({ request_id }: Declaration, code: string, words: string): void {
    this.#house.refused(code);
    this.#connection.send({
      name: 'DeclareMiningJob.Error',
      request_id,
      error_code: code,
      error_details: utf8(words),
    });
  }

  /** One thing after the other, so that a client's answers come in the order of its questions. */
  #inOrder(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      const { remote } = this.#connection;
      this.#house.log.warn({ remote, err: error }, `hung up on a client: ${messageOf(error)}`);
      this.#connection.close('this jd-server has a trouble of its own');
    });
  }
}

const notSent = () =>
  new HashpoolError('missing-txs', `the transactions were not sent within ${MISSING_LIMIT_MS / 1000} s`);

import { TOO_EARLY } from '../../../domain/job-declaration/declaration-rules.ts';
import { Declarations } from '../../../domain/job-declaration/declarations.ts';
import { declarationOf, type OwnJob, setJobOf } from '../../../domain/job-declaration/own-job.ts';
import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import { ByteReader } from '../../../protocols/bitcoin/compact-size.ts';
import { decodeOutputs, type TransactionOutput } from '../../../protocols/bitcoin/output.ts';
import { exponentAtMost, leBytesToTarget } from '../../../protocols/bitcoin/target.ts';
import { fromUtf8, toHex } from '../../../protocols/bytes.ts';
import { messageOf } from '../../../protocols/errors.ts';
import type { JobDeclarationMessage } from '../../../protocols/sv2/job-declaration.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { HandshakeWorkers } from '../../../runtime/sv2/handshake-workers.ts';
import type { CustomJobAnswer, MiningChannel } from '../../../services/mining-client/channel.ts';
import type { OpenRequest } from '../../../services/mining-client/session.ts';
import type { PushedBlock } from '../blocks/kept-block.ts';
import type { JobCounts } from '../job-counts.ts';
import { poolName, type UpstreamSettings } from '../settings.ts';
import type { Pool } from '../takers.ts';
import type { JobOffer } from '../work-taker.ts';
import { DeclaratorLink } from './declarator-link.ts';
import { JobRecord, type PassedShare } from './job-record.ts';
import { JobRecords } from './job-records.ts';
import { PoolLink } from './pool-link.ts';
import { Standing } from './standing.ts';

const TICK_MS = 250;
/** Bytes that must be left for miners, their channels and our jobs. */
const LEAST_ROLLABLE = 6;
const NOTHING = new Uint8Array(0);

export interface UpstreamOptions {
  readonly settings: UpstreamSettings;
  /** Whether jobs are declared with their transactions. */
  readonly isDeclared: boolean;
  readonly userIdentity: string;
  /** Milliseconds of silence after which the pool counts as gone. */
  readonly silenceLimitMs: number;
  request(): OpenRequest;
  /** Transactions of a template, whole and in block order. */
  transactionsOf(job: OwnJob): Promise<NonNullable<JobRecord['transactions']>>;
  readonly workers: HandshakeWorkers;
  readonly log: Logger;
  readonly jobs: JobCounts;
  /** What it is, or what can be made for it, is something else than before. */
  changed(): void;
}

/** A pool and its jd-server: jobs are declared to the one and mined at the other. */
export class Upstream implements Pool {
  readonly name: string;
  readonly #options: UpstreamOptions;
  readonly #log: Logger;
  readonly #declarations: Declarations;
  readonly #records = new JobRecords();
  #links: { readonly pool: PoolLink; readonly declarator: DeclaratorLink } | undefined;
  #closing: Promise<unknown> = Promise.resolve();
  #ticking: NodeJS.Timeout | undefined;
  #channel: MiningChannel | undefined;
  readonly #standing: Standing;
  #outputs: readonly TransactionOutput[] | undefined;
  /** Whether the pool has the tip from a later time than we have. */
  #isLate = false;

  constructor(options: UpstreamOptions) {
    const { pool } = options.settings;
    this.#options = options;
    this.name = poolName(pool);
    this.#log = options.log.child({ pool: this.name });
    this.#standing = new Standing(this.#log, options.changed);
    this.#declarations = new Declarations(options.isDeclared, {
      allocate: (request_id) =>
        this.#tellDeclarator({
          name: 'AllocateMiningJobToken',
          user_identifier: options.userIdentity,
          request_id,
        }),
      declare: (job, requestId, token) => this.#declare(job, requestId, token),
      set: (job, requestId, token) => this.#set(job, requestId, token),
      accepted: (job, poolJobId) => this.#accepted(job, poolJobId),
      refused: (job, code) => this.#refused(job, code),
      leave: (code) => this.#standing.refuses(code),
      reconnect: (why) => this.#links?.declarator.reconnect(why),
    });
  }

  get wellSince(): number | undefined {
    return this.#standing.wellSince;
  }

  get hasDuties(): boolean {
    return this.#records.areWaitedFor || (this.#channel?.pendingShares ?? 0) > 0;
  }

  get isBusy(): boolean {
    return this.#declarations.isBusy;
  }

  /** Whether our jobs are refused; one that is tried may show that they no longer are. */
  get isRefused(): boolean {
    return this.#standing.isRefused;
  }

  /** Why it is not well, in words. */
  get trouble(): string {
    return this.#standing.trouble;
  }

  get offer(): JobOffer | undefined {
    const channel = this.#channel;
    if (!channel || !this.#outputs) return undefined;
    return {
      outputs: this.#outputs,
      extranoncePrefix: channel.extranoncePrefix,
      rollableBytes: channel.extranonceSize,
      exponent: exponentAtMost(leBytesToTarget(channel.targetLe)),
      isLate: this.#isLate,
    };
  }

  /** Keeps the links up from now on, or lets them go. */
  want(isWanted: boolean): void {
    if (isWanted === (this.#links !== undefined)) return;
    if (isWanted) this.#connect();
    else this.#disconnect();
  }

  /** Tells the pool how its one channel's target is to be. */
  wish(wish: Parameters<MiningChannel['update']>[0]): void {
    this.#channel?.update(wish);
  }

  async close(): Promise<void> {
    this.want(false);
    await this.#closing;
  }

  tipIs(prevHashLe: Uint8Array): void {
    this.#isLate = false;
    this.#declarations.tipIs(toHex(prevHashLe), performance.now());
  }

  take(job: OwnJob): void {
    if (!this.#channel) return;
    const record = new JobRecord(job, this.#channel, (verdict) => this.#standing.judged(verdict));
    this.#records.add(record);
    this.#options.jobs.made++;
    this.#declarations.add(job.number, performance.now());
    if (this.#options.isDeclared) void this.#gather(record);
  }

  isVoid({ number }: OwnJob): boolean {
    return !this.#standing.hasRefused && this.#records.of(number)?.refusal === TOO_EARLY;
  }

  submit({ number }: OwnJob, share: PassedShare): void {
    const record = this.#records.of(number);
    if (!record) share.answered({ kind: 'refused', code: 'stale-share' });
    else if (record.submit(share)) this.#declarations.want(number);
  }

  push({ number }: OwnJob, work: HashedWork): PushedBlock | undefined {
    const record = this.#records.of(number);
    // Without transactions it could put no block together.
    if (!record || !this.#options.isDeclared) return undefined;
    const solution = record.solutionOf(work);
    if (record.isDeclared) this.#tellDeclarator(solution);
    else record.keep(solution);
    const declaration = declarationOf(record.job, 0, new Uint8Array(0), []);
    return { pool: this.name, declaration, solution };
  }

  #connect(): void {
    const { settings, isDeclared, userIdentity: deviceId, workers, request } = this.#options;
    const common = { deviceId, workers, log: this.#options.log };
    const pool = new PoolLink({
      ...common,
      silenceLimitMs: this.#options.silenceLimitMs,
      pool: { ...settings.pool, paysEhash: settings.paysEhash },
      request,
      events: {
        opened: (channel) => this.#opened(channel),
        resumed: () => this.#channelIs(true),
        cut: (reason) => this.#channelIs(false, reason),
        lost: (reason) => this.#lost(reason),
        customJob: (answer) => this.#answered(answer),
        target: () => this.#options.changed(),
        trouble: (words) => this.#standing.troubled('pool', words),
      },
    });
    const declarator = new DeclaratorLink({
      ...common,
      server: settings.jobDeclarator,
      isDeclared,
      up: () => this.#linked(true),
      down: () => this.#linked(false),
      message: (message) => this.#take(message),
      trouble: (words) => this.#standing.troubled('declarator', words),
    });
    this.#links = { pool, declarator };
    this.#ticking = setInterval(() => this.#declarations.tick(performance.now()), TICK_MS);
  }

  #disconnect(): void {
    const links = this.#links;
    this.#links = undefined;
    clearInterval(this.#ticking);
    this.#closing = Promise.all([this.#closing, links?.pool.close(), links?.declarator.close()]);
  }

  #opened(channel: MiningChannel): void {
    this.#lost('its channel is another one');
    if (channel.extranonceSize < LEAST_ROLLABLE) {
      this.#standing.troubled(
        'pool',
        `it gives ${channel.extranonceSize} bytes of extranonce, fewer than ${LEAST_ROLLABLE}`,
      );
      channel.close('extranonce-too-small');
      return;
    }
    this.#log.info({ extranonce: channel.extranonceSize }, 'the pool has opened a channel for our jobs');
    this.#channel = channel;
    this.#channelIs(true);
  }

  #channelIs(isUp: boolean, reason = ''): void {
    if (isUp) this.#declarations.channelUp(performance.now());
    else {
      this.#standing.troubled('pool', reason);
      this.#declarations.channelCut();
    }
    this.#standing.have('channel', isUp);
  }

  #lost(reason: string): void {
    if (!this.#channel) return;
    this.#channel = undefined;
    this.#standing.troubled('pool', reason);
    this.#declarations.channelLost();
    this.#standing.have('channel', false);
  }

  #linked(isUp: boolean): void {
    if (isUp) this.#declarations.linkUp(performance.now());
    else this.#declarations.linkDown();
    this.#standing.have('link', isUp);
  }

  #take(message: JobDeclarationMessage): void {
    const now = performance.now();
    switch (message.name) {
      case 'AllocateMiningJobToken.Success':
        if (this.#takeOutputs(message.coinbase_tx_outputs))
          this.#declarations.allocated(message.request_id, message.mining_job_token, now);
        break;
      case 'ProvideMissingTransactions':
        this.#provide(message.request_id, message.unknown_tx_position_list);
        break;
      case 'DeclareMiningJob.Success':
        this.#declared(message.request_id, message.new_mining_job_token, now);
        break;
      case 'DeclareMiningJob.Error': {
        const details = fromUtf8(message.error_details.subarray(0, 1000));
        this.#log.info({ code: message.error_code }, `the jd-server refused a job: ${details}`);
        this.#options.jobs.refuse(message.error_code);
        this.#declarations.notDeclared(message.request_id, message.error_code, now);
        break;
      }
      default:
        this.#log.debug(`ignored ${message.name} of the jd-server`);
    }
  }

  /** @returns false where the outputs can't be used */
  #takeOutputs(bytes: Uint8Array): boolean {
    try {
      const reader = new ByteReader(bytes, 'coinbase_tx_outputs');
      const count = reader.compactSize();
      this.#outputs = decodeOutputs(bytes.subarray(reader.offset), count);
    } catch (error) {
      this.#standing.troubled('declarator', `its outputs can't be read: ${messageOf(error)}`);
      return false;
    }
    this.#standing.have('outputs', true);
    return true;
  }

  #declare(number: number, requestId: number, token: Uint8Array): void {
    const record = this.#records.of(number);
    if (!record?.transactions) return;
    record.declaredBy = requestId;
    this.#tellDeclarator(declarationOf(record.job, requestId, token, record.transactions.wtxids));
  }

  #provide(request_id: number, places: readonly number[]): void {
    const transactions = this.#records.declaredBy(request_id)?.transactions?.data;
    // None for a job that was given up meanwhile: without an answer the jd-server would wait, and give no token until then.
    const transaction_list = transactions ? places.map((place) => transactions[place] ?? NOTHING) : [];
    this.#log.debug({ transactions: places.length }, 'the jd-server asks for transactions');
    this.#tellDeclarator({ name: 'ProvideMissingTransactions.Success', request_id, transaction_list });
  }

  #declared(requestId: number, token: Uint8Array, now: number): void {
    for (const solution of this.#records.declaredBy(requestId)?.declared() ?? [])
      this.#tellDeclarator(solution);
    this.#declarations.declared(requestId, token, now);
  }

  #set(number: number, requestId: number, token: Uint8Array): void {
    const record = this.#records.of(number);
    if (record) this.#channel?.setCustomJob(setJobOf(record.job, requestId, token));
  }

  #answered(answer: CustomJobAnswer): void {
    const { request_id } = answer;
    if (answer.name === 'SetCustomMiningJob.Success') {
      this.#declarations.wasSet(request_id, answer.job_id);
      return;
    }
    this.#log.info({ code: answer.error_code }, 'the pool refused a job');
    this.#options.jobs.refuse(answer.error_code);
    this.#declarations.wasNotSet(request_id, answer.error_code, performance.now());
  }

  #accepted(number: number, poolJobId: number): void {
    const record = this.#records.of(number);
    this.#log.debug({ job: number, pool_job: poolJobId, shares: record?.waiting }, 'the pool mines our job');
    this.#options.jobs.accepted++;
    record?.accept(poolJobId);
    this.#standing.taken();
  }

  #refused(number: number, code: string): void {
    const record = this.#records.of(number);
    if (record && record.waiting > 0)
      this.#log.info(
        { job: number, code, shares: record.waiting },
        'shares of a job came to nothing with it',
      );
    if (code === TOO_EARLY) this.#isLate = true;
    record?.refuse(code);
    this.#options.changed();
  }

  async #gather(record: JobRecord): Promise<void> {
    const { number } = record.job;
    try {
      record.transactions = await this.#options.transactionsOf(record.job);
      this.#declarations.gathered(number, performance.now());
    } catch (error) {
      this.#log.info({ job: number }, `a job can't be declared: ${messageOf(error)}`);
      this.#declarations.notGathered(number);
    }
  }

  #tellDeclarator(message: JobDeclarationMessage): void {
    this.#links?.declarator.send(message);
  }
}

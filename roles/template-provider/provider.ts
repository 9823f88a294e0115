import type { BlockTemplate } from '../../domain/templates/block-template.ts';
import type { FittedBlock } from '../../domain/templates/fit-block.ts';
import { TemplateBook } from '../../domain/templates/template-book.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { Client } from './client.ts';
import type { TemplateProviderConfig } from './config.ts';
import { type Solution, submitSolution } from './solutions.ts';

/** Found blocks on their way to the node: one tip has one child, so that more are worth nothing. */
export const MOST_SUBMITTING = 64;

/** A node away for so long has most likely missed a block: its clients are better off with another. */
export const NODE_PATIENCE_MS = 60_000;

/** What the provider needs of its role. */
export type ProviderContext = Pick<
  RoleContext<TemplateProviderConfig, unknown>,
  'config' | 'log' | 'status' | 'stopping'
>;

/** The node's current template, and the clients that want it. */
export class Provider {
  readonly #context: ProviderContext;
  readonly #rpc: BitcoinRpc;
  readonly #book = new TemplateBook<FittedBlock>(Date.now());
  readonly #clients = new Set<Client>();
  #current: BlockTemplate | undefined;
  readonly #submitting = new Set<Promise<void>>();
  #trouble: string | undefined = 'the node has not answered yet';
  #troubledSince: number | undefined;

  constructor(context: ProviderContext, rpc: BitcoinRpc) {
    this.#context = context;
    this.#rpc = rpc;
    this.#report();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Why no templates come from the node, in words; undefined while they do. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  welcome(
    connection: Pick<Sv2Connection<TemplateMessage>, 'remote' | 'send' | 'close' | 'closed' | 'onMessage'>,
  ): void {
    const { config, log } = this.#context;
    const client = new Client({
      connection,
      book: this.#book,
      current: () => this.#current,
      submit: (block, solution) => this.#submit(block, solution),
      feeDelta: BigInt(config.fee_delta_sat),
      blockTargetBits: config.block_target_bits,
      log,
    });
    this.#clients.add(client);
    this.#report();
    void connection.closed.then(() => {
      this.#clients.delete(client);
      this.#report();
    });
    connection.onMessage = (message) => client.receive(message);
  }

  take(template: BlockTemplate, isOtherTip: boolean): void {
    const isNewTip = isOtherTip || this.#current === undefined;
    this.#current = template;
    if (isNewTip) {
      this.#book.retireAll(performance.now());
      this.#context.log.info({ height: template.height }, `templates for block ${template.height}`);
    }
    for (const client of this.#clients) client.offer(template, isNewTip);
    this.#report();
  }

  /**
   * The node's trouble in words, as often as it is tried again; undefined when it works.
   * @param now milliseconds of any clock
   */
  troubled(trouble: string | undefined, now: number): void {
    this.#trouble = trouble;
    this.#troubledSince = trouble === undefined ? undefined : (this.#troubledSince ?? now);
    if (now - (this.#troubledSince ?? now) >= NODE_PATIENCE_MS) this.#giveUp();
    this.#report();
  }

  /** A client that is left without work must see so, and may go elsewhere; who comes back waits for the node. */
  #giveUp(): void {
    if (!this.#current) return;
    this.#current = undefined;
    this.#context.log.warn('the node has been away for too long: clients are sent away');
    for (const client of this.#clients) client.hangUp('the node is away');
  }

  /** Resolves when no found block is under way to the node any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#submitting);
  }

  #submit(block: FittedBlock, solution: Solution): void {
    const { log, stopping } = this.#context;
    if (this.#submitting.size >= MOST_SUBMITTING) {
      log.error(`a block was dropped: ${MOST_SUBMITTING} others are on their way to the node`);
      return;
    }
    const submitting = submitSolution(block, solution, { rpc: this.#rpc, log, signal: stopping });
    this.#submitting.add(submitting);
    void submitting.then(() => this.#submitting.delete(submitting));
  }

  #report(): void {
    const height = this.#current === undefined ? {} : { height: this.#current.height - 1 };
    const clients = `${this.#clients.size} ${this.#clients.size === 1 ? 'client' : 'clients'}`;
    const text = this.#trouble === undefined ? `templates for ${clients}` : `waiting: ${this.#trouble}`;
    this.#context.status(text, height);
  }
}

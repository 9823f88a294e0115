import type { BlockTemplate } from '../../domain/templates/block-template.ts';
import {
  type CoinbaseRoom,
  type FittedBlock,
  fitBlock,
  reservedWeight,
} from '../../domain/templates/fit-block.ts';
import type { TemplateBook } from '../../domain/templates/template-book.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { newTemplate, setNewPrevHash } from './messages.ts';
import type { Solution } from './solutions.ts';

export interface ClientOptions {
  readonly connection: Pick<Sv2Connection<TemplateMessage>, 'remote' | 'send' | 'close'>;
  readonly book: TemplateBook<FittedBlock>;
  /** The node's last template, once there is one. */
  readonly current: () => BlockTemplate | undefined;
  readonly submit: (block: FittedBlock, solution: Solution) => void;
  readonly feeDelta: bigint;
  readonly blockTargetBits: number | undefined;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
}

/** One client of the template provider: a pool or a job declarator, with its own room in the coinbase. */
export class Client {
  readonly #options: ClientOptions;
  #room: CoinbaseRoom | undefined;
  /** What the coinbase of the template last sent may pay. */
  #sentValue = 0n;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  receive(message: TemplateMessage): void {
    switch (message.name) {
      case 'CoinbaseOutputConstraints':
        this.#constrain({
          size: message.coinbase_output_max_additional_size,
          sigops: message.coinbase_output_max_additional_sigops,
        });
        break;
      case 'RequestTransactionData':
        this.#sendTransactions(message.template_id);
        break;
      case 'SubmitSolution':
        this.#submit(message);
        break;
      default:
        this.#options.log.debug(`ignored ${message.name}, which clients have no reason to send`);
    }
  }

  /** Passes the node's new template on: always for a new tip, else where it pays enough more. */
  offer(template: BlockTemplate, isNewTip: boolean): void {
    const block = this.#fitted(template);
    if (block === undefined) return;
    if (isNewTip) this.#sendPair(block);
    else if (block.coinbaseValue >= this.#sentValue + this.#options.feeDelta) this.#send(block, false);
  }

  /** Ends the connection. */
  hangUp(reason: string): void {
    this.#options.connection.close(reason);
  }

  #constrain(room: CoinbaseRoom): void {
    const { connection, current, log } = this.#options;
    log.info(
      `client ${connection.remote} needs ${room.size} bytes and ${room.sigops} sigops in the coinbase`,
    );
    this.#room = room;
    const template = current();
    if (template !== undefined) this.offer(template, true);
  }

  /** The block with room for this client's coinbase; undefined before it said how much, or where none has so much. */
  #fitted(template: BlockTemplate): FittedBlock | undefined {
    const room = this.#room;
    if (room === undefined) return undefined;
    if (reservedWeight(room) <= template.weightLimit) return fitBlock(template, room);
    this.#options.connection.close(`its coinbase outputs of ${room.size} bytes fit in no block`);
    return undefined;
  }

  /** A template and the tip that puts it to use: the client drops all earlier work. */
  #sendPair(block: FittedBlock): void {
    const id = this.#send(block, true);
    this.#options.connection.send(setNewPrevHash(id, block, this.#options.blockTargetBits));
  }

  #send(block: FittedBlock, isFuture: boolean): bigint {
    const { connection, book, log } = this.#options;
    const id = book.add(block);
    connection.send(newTemplate(id, block, isFuture));
    this.#sentValue = block.coinbaseValue;
    const leftOut = block.template.transactions.length - block.transactions.length;
    log.debug(
      { template: id, height: block.template.height, transactions: block.transactions.length, leftOut },
      'template sent',
    );
    return id;
  }

  #sendTransactions(template_id: bigint): void {
    const { connection, book } = this.#options;
    const found = book.find(template_id, performance.now());
    if (found === undefined || found.isStale) {
      const error_code = found === undefined ? 'template-id-not-found' : 'stale-template-id';
      connection.send({ name: 'RequestTransactionData.Error', template_id, error_code });
      return;
    }
    connection.send({
      name: 'RequestTransactionData.Success',
      template_id,
      // The coinbase's witness reserved value, which no template here has other than zero.
      excess_data: new Uint8Array(32),
      transaction_list: found.template.transactions.map(({ data }) => data),
    });
  }

  #submit(solution: Solution): void {
    const { book, submit, log, connection } = this.#options;
    const found = book.find(solution.template_id, performance.now());
    if (found === undefined) {
      log.warn(
        `client ${connection.remote} solved template ${solution.template_id}, which is not known any more`,
      );
      return;
    }
    submit(found.template, solution);
  }
}

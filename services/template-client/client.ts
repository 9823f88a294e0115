import { HashpoolError } from '../../protocols/errors.ts';
import { TEMPLATE_DISTRIBUTION_PROTOCOL } from '../../protocols/sv2/common.ts';
import {
  type TemplateMessage,
  templateDistributionProtocol,
} from '../../protocols/sv2/template-distribution.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import { type Backoff, reconnecting } from '../../runtime/sv2/reconnect.ts';
import { TransactionRequests } from './transaction-requests.ts';

type Message<N extends TemplateMessage['name']> = Extract<TemplateMessage, { name: N }>;
export type NewTemplate = Message<'NewTemplate'>;
export type SetNewPrevHash = Message<'SetNewPrevHash'>;
export type Solution = Omit<Message<'SubmitSolution'>, 'name'>;

/** The largest message of a template provider: a block's transactions with their lengths, well above 4 MB. */
const FRAME_CAP = 16 * 1024 * 1024 - 1;
/** Solutions kept for a template provider that is away: blocks are rarer than that by far. */
const MOST_WAITING_SOLUTIONS = 16;

/** The room that a client's coinbase outputs need at most. */
export interface CoinbaseConstraints {
  /** Bytes of serialized outputs. */
  readonly maxAdditionalSize: number;
  readonly maxAdditionalSigops: number;
}

export interface TemplateClientOptions {
  /** `host:port` */
  readonly address: string;
  /** The template provider's authority key, 32 bytes x-only. */
  readonly authorityKey: Uint8Array;
  readonly coinbase: CoinbaseConstraints;
  readonly workers: HandshakeWorkers;
  readonly log: Log;
  readonly backoff?: Partial<Backoff>;
  onTemplate(template: NewTemplate): void;
  /** Always after the template it names. */
  onPrevHash(prevHash: SetNewPrevHash): void;
  /** It is connected, perhaps again. */
  onConnected?(): void;
  /** In words, whenever it changes: connected, or what is waited for. */
  onStatus?(text: string): void;
}

/** A connection to a template provider that keeps itself up. */
export interface TemplateClient {
  readonly isConnected: boolean;
  /** Whether the connection has brought work: a template provider whose node is away may have none to give. */
  readonly isServed: boolean;
  /** Hands a found block over; while the template provider is away, it waits for it. */
  submitSolution(solution: Solution): void;
  /**
   * The transactions of a template, in full and in block order, without the coinbase.
   * @throws HashpoolError 'template-id-not-found', 'stale-template-id' or 'template-provider-away'
   */
  requestTransactionData(templateId: bigint): Promise<readonly Uint8Array[]>;
  /** Changes the room; a new template and prev hash follow. */
  setConstraints(coinbase: CoinbaseConstraints): void;
  close(): Promise<void>;
}

/** Connects to a template provider (Stratum V2, section 7), and again whenever the connection is lost. */
export function openTemplateClient(options: TemplateClientOptions): TemplateClient {
  const { log } = options;
  const stopping = new AbortController();
  const requests = new TransactionRequests();
  const waiting: Solution[] = [];
  let coinbase = options.coinbase;
  let connection: Sv2Connection<TemplateMessage> | undefined;
  let isServed = false;

  function connected(opened: Sv2Connection<TemplateMessage>): void {
    connection = opened;
    void opened.closed.then(() => {
      connection = undefined;
      isServed = false;
      requests.failAll(away());
    });
    // Found blocks first: their worth ends within seconds.
    for (const solution of waiting.splice(0)) opened.send({ name: 'SubmitSolution', ...solution });
    options.onConnected?.();
    opened.send(constraintsMessage(coinbase));
    opened.onMessage = receive;
  }

  function receive(message: TemplateMessage): void {
    switch (message.name) {
      case 'NewTemplate':
        options.onTemplate(message);
        break;
      case 'SetNewPrevHash':
        isServed = true;
        options.onPrevHash(message);
        break;
      case 'RequestTransactionData.Success':
        requests.succeed(message.template_id, message.transaction_list);
        break;
      case 'RequestTransactionData.Error':
        requests.fail(
          message.template_id,
          new HashpoolError(message.error_code, 'the template provider has no such template'),
        );
        break;
      default:
        log.debug(`ignored ${message.name} from the template provider`);
    }
  }

  const running = reconnecting({
    name: 'template provider',
    connect: (signal) =>
      connectSv2({
        ...hostAndPort(options.address),
        protocol: templateDistributionProtocol,
        authorityKey: options.authorityKey,
        setup: { protocol: TEMPLATE_DISTRIBUTION_PROTOCOL },
        frameCap: FRAME_CAP,
        workers: options.workers,
        log,
        signal,
      }),
    onConnected: connected,
    onStatus: (text) => options.onStatus?.(text),
    log,
    signal: stopping.signal,
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
  });

  return {
    get isConnected() {
      return connection !== undefined;
    },
    get isServed() {
      return isServed;
    },
    submitSolution(solution) {
      if (connection !== undefined) {
        connection.send({ name: 'SubmitSolution', ...solution });
        return;
      }
      if (waiting.length === MOST_WAITING_SOLUTIONS) waiting.shift();
      waiting.push(solution);
      log.warn(`a block for template ${solution.template_id} waits for the template provider`);
    },
    async requestTransactionData(templateId) {
      if (connection === undefined) throw away();
      const answer = requests.add(templateId);
      connection.send({ name: 'RequestTransactionData', template_id: templateId });
      return answer;
    },
    setConstraints(changed) {
      coinbase = changed;
      connection?.send(constraintsMessage(coinbase));
    },
    async close() {
      stopping.abort();
      await running;
      requests.failAll(away());
    },
  };
}

function constraintsMessage(coinbase: CoinbaseConstraints): TemplateMessage {
  return {
    name: 'CoinbaseOutputConstraints',
    coinbase_output_max_additional_size: coinbase.maxAdditionalSize,
    coinbase_output_max_additional_sigops: coinbase.maxAdditionalSigops,
  };
}

function away(): HashpoolError {
  return new HashpoolError(
    'template-provider-away',
    'the template provider is not connected; ask again later',
  );
}

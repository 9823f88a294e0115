import { messageOf } from '../../../protocols/errors.ts';
import { JOB_DECLARATION_PROTOCOL } from '../../../protocols/sv2/common.ts';
import {
  DECLARE_TX_DATA,
  type JobDeclarationMessage,
  jobDeclarationProtocol,
} from '../../../protocols/sv2/job-declaration.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { connectSv2 } from '../../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../../runtime/sv2/connection.ts';
import type { HandshakeWorkers } from '../../../runtime/sv2/handshake-workers.ts';
import { reconnecting } from '../../../runtime/sv2/reconnect.ts';
import type { KnownServer } from '../settings.ts';

/** Above the longest message of a jd-server, the places of all transactions of a block. */
const FRAME_CAP = 256 * 1024;

/** What a connection to a jd-server takes. */
export interface DeclaratorAccess {
  readonly server: KnownServer;
  /** Whether jobs are declared with their transactions. */
  readonly isDeclared: boolean;
  readonly deviceId: string;
  readonly workers: HandshakeWorkers;
  readonly log: Logger;
}

/** @throws HashpoolError as connectSv2 */
export function connectDeclarator(
  { server, isDeclared, deviceId, workers, log }: DeclaratorAccess,
  signal: AbortSignal,
): Promise<Sv2Connection<JobDeclarationMessage>> {
  return connectSv2({
    ...server,
    protocol: jobDeclarationProtocol,
    setup: {
      protocol: JOB_DECLARATION_PROTOCOL,
      flags: isDeclared ? DECLARE_TX_DATA : 0,
      device_id: deviceId,
    },
    frameCap: FRAME_CAP,
    workers,
    log,
    signal,
  });
}

export interface DeclaratorLinkOptions extends DeclaratorAccess {
  up(): void;
  down(): void;
  message(message: JobDeclarationMessage): void;
  trouble(words: string): void;
}

/** The link to a jd-server. */
export class DeclaratorLink {
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #connection: Sv2Connection<JobDeclarationMessage> | undefined;

  constructor(options: DeclaratorLinkOptions) {
    const { server, log } = options;
    this.#running = reconnecting({
      name: `jd-server ${server.host}:${server.port}`,
      async connect(signal) {
        try {
          return await connectDeclarator(options, signal);
        } catch (error) {
          options.trouble(`its jd-server: ${messageOf(error)}`);
          throw error;
        }
      },
      onConnected: (connection) => {
        this.#connection = connection;
        connection.onMessage = (message) => options.message(message);
        void connection.closed.then(({ reason }) => {
          this.#connection = undefined;
          options.trouble(`its jd-server: ${reason}`);
          options.down();
        });
        options.up();
      },
      log,
      signal: this.#stopping.signal,
    });
  }

  /** While the link is down nothing is sent. */
  send(message: JobDeclarationMessage): void {
    this.#connection?.send(message);
  }

  /** Hangs up; the link comes back by itself. */
  reconnect(why: string): void {
    this.#connection?.close(why);
  }

  /** Hangs up for good. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }
}

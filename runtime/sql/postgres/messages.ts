import type { MessagePort } from 'node:worker_threads';

/** What goes between the thread that runs operations and the one that holds the connection. */

/** A statement to run; with values it is prepared under its name, without it may be several at once. */
export interface Sent {
  readonly text: string;
  readonly name?: string;
  readonly values?: readonly (string | null)[];
}

/** What a statement gave: columns in the text form of PostgreSQL. */
export interface Result {
  readonly command: string;
  readonly written: number;
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The first statement that failed decides; those behind it count for nothing. */
export interface Failure {
  /** SQLSTATE, where the server gave one. */
  readonly state: string | undefined;
  readonly message: string;
  /** Which of the statements it was. */
  readonly index: number;
  /** The connection is gone, and with it the transaction. */
  readonly isLost: boolean;
}

export type Asked = readonly Sent[] | 'close';
export type Reply = { readonly results: readonly Result[] } | { readonly failure: Failure };

/** What the connection's thread is started with. */
export interface ConnectionData {
  readonly url: string;
  readonly isReadOnly: boolean;
  readonly port: MessagePort;
  /** Counts replies; who waits for one sleeps on it. */
  readonly replies: Int32Array<SharedArrayBuffer>;
}

import { toHex } from '../bytes.ts';
import type { Sv1Refusal } from './errors.ts';
import { hexU32, swapPrevHashWords } from './fields.ts';
import type { MessageId } from './line.ts';

/** What all miners of a job are told alike, in our own types. */
export interface NotifyWork {
  /** 32 bytes, header order; sent with its words swapped. */
  readonly prevHashLe: Uint8Array;
  /** Coinbase without witness, before and after the extranonce. */
  readonly coinbasePrefix: Uint8Array;
  readonly coinbaseSuffix: Uint8Array;
  readonly merklePath: readonly Uint8Array[];
  readonly version: number;
  readonly nbits: number;
}

/** The parameters of `mining.notify`. */
export interface NotifyFields extends NotifyWork {
  readonly jobId: string;
  readonly ntime: number;
  /** True where earlier jobs are worth nothing any more. */
  readonly cleanJobs: boolean;
}

/** The answer to a request that was granted. */
export function resultLine(id: MessageId, result: unknown): string {
  // Nearly all are of accepted shares.
  if (result === true && typeof id === 'number') return `{"id":${id},"result":true,"error":null}\n`;
  return line({ id, result, error: null });
}

/** The answer to a request that was refused; id null for a line whose id could not be read. */
export function errorLine(id: MessageId | null, refusal: Sv1Refusal): string {
  return line({ id, result: null, error: [refusal.code, refusal.words, null] });
}

/** A request of a client. */
export function requestLine(id: MessageId, method: string, params: readonly unknown[]): string {
  return line({ id, method, params });
}

export function notifyLine(job: NotifyFields): string {
  return notifyLineOf(notifyWork(job), job);
}

/** The text between a job's id and its time, to be made once for all miners that are told of the job. */
export function notifyWork(work: NotifyWork): string {
  const fields = [
    toHex(swapPrevHashWords(work.prevHashLe)),
    toHex(work.coinbasePrefix),
    toHex(work.coinbaseSuffix),
    work.merklePath.map(toHex),
    hexU32(work.version),
    hexU32(work.nbits),
  ];
  return JSON.stringify(fields).slice(1, -1);
}

/** @param work from notifyWork */
export function notifyLineOf(
  work: string,
  { jobId, ntime, cleanJobs }: Pick<NotifyFields, 'jobId' | 'ntime' | 'cleanJobs'>,
): string {
  const id = JSON.stringify(jobId);
  return `{"id":null,"method":"mining.notify","params":[${id},${work},"${hexU32(ntime)}",${cleanJobs}]}\n`;
}

/** @param difficulty as JSON text, from difficulty.ts: a number's own text would lose an exact fraction */
export function setDifficultyLine(difficulty: string): string {
  return `{"id":null,"method":"mining.set_difficulty","params":[${difficulty}]}\n`;
}

export function setExtranonceLine(extranonce1: Uint8Array, extranonce2Size: number): string {
  return notification('mining.set_extranonce', [toHex(extranonce1), extranonce2Size]);
}

export function setVersionMaskLine(mask: number): string {
  return notification('mining.set_version_mask', [hexU32(mask)]);
}

/** Asks the miner to connect again, to where it is connected now. */
export function reconnectLine(): string {
  return notification('client.reconnect', []);
}

/** Words for the miner's owner. Firmware that does not know the method ignores it. */
export function showMessageLine(words: string): string {
  return notification('client.show_message', [words]);
}

function notification(method: string, params: readonly unknown[]): string {
  return line({ id: null, method, params });
}

function line(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

import { HashpoolError } from '../errors.ts';

/** Longest line a server reads, in bytes, its newline not counted. */
export const MAX_LINE_BYTES = 8192;
/** Longest id in text form that is echoed back. */
const MAX_ID_CHARACTERS = 64;

export type MessageId = number | string;

/** A call that wants an answer. */
export interface Sv1Request {
  readonly kind: 'request';
  readonly id: MessageId;
  readonly method: string;
  readonly params: unknown;
}

/** A call that wants none (JSON-RPC: id null or absent). */
export interface Sv1Notification {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: unknown;
}

/** An answer to a call of ours. */
export interface Sv1Response {
  readonly kind: 'response';
  readonly id: MessageId | undefined;
  readonly result: unknown;
  readonly error: unknown;
}

export type Sv1Message = Sv1Request | Sv1Notification | Sv1Response;

/** A text without escapes. */
const TEXT = '"([ !#-\\[\\]-\\uffff]*)"';
const CALL = '"id": ?(0|[1-9]\\d{0,14}), ?"method": ?"mining\\.submit"';
const PARAMS = `"params": ?\\[${new Array(5).fill(TEXT).join(', ?')}(?:, ?${TEXT})?\\]`;
/** A share as nearly all firmware writes it; what comes of cgminer has the parameters in front. */
const USUAL_SUBMIT = new RegExp(`^\\{(?:${CALL}, ?)?${PARAMS}(?:, ?${CALL})?\\}$`);

/**
 * One line of Stratum V1: a JSON object with `method` (and `params`), or with `result` or `error`. Further keys
 * are ignored, as firmware adds `jsonrpc` and its own.
 * @param text the line without its newline
 * @throws HashpoolError 'bad-sv1-line' with words for the other side
 */
export function parseLine(text: string): Sv1Message {
  return readUsualSubmit(text) ?? parseAny(text);
}

/** Shares are most of what is read, and this takes half as long as JSON.parse. */
function readUsualSubmit(text: string): Sv1Request | undefined {
  const found = USUAL_SUBMIT.exec(text);
  if (found === null) return undefined;
  const [, first, user, job, extranonce2, ntime, nonce, bits, last] = found;
  // In JSON the last of two counts.
  const id = last ?? first;
  if (id === undefined) return undefined;
  const params = [user, job, extranonce2, ntime, nonce];
  if (bits !== undefined) params.push(bits);
  return { kind: 'request', id: Number(id), method: 'mining.submit', params };
}

function parseAny(text: string): Sv1Message {
  const value = parseObject(text);
  const id = messageId(value['id']);
  const method = value['method'];
  if (method === undefined) {
    if (!('result' in value) && !('error' in value)) throw badLine('a line needs "method" or "result"');
    return { kind: 'response', id, result: value['result'], error: value['error'] };
  }
  if (typeof method !== 'string' || method === '') throw badLine('"method" must be a text');
  const params = value['params'] ?? [];
  return id === undefined
    ? { kind: 'notification', method, params }
    : { kind: 'request', id, method, params };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badLine('a line must be one JSON object', cause);
  }
  if (!isRecord(value)) throw badLine('a line must be one JSON object');
  return value;
}

function messageId(id: unknown): MessageId | undefined {
  if (id === null || id === undefined) return undefined;
  if (typeof id === 'number' && Number.isFinite(id)) return id;
  if (typeof id === 'string' && id.length <= MAX_ID_CHARACTERS) return id;
  throw badLine(`"id" must be a number, a text of at most ${MAX_ID_CHARACTERS} characters, or null`);
}

function badLine(words: string, cause?: unknown): HashpoolError {
  return new HashpoolError('bad-sv1-line', words, cause === undefined ? {} : { cause });
}

/** True for a JSON object, false for arrays and null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

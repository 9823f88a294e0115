import { toHex } from '../bytes.ts';
import { refusals, Sv1Error, type Sv1Refusal } from './errors.ts';
import { parseHexBytes, parseHexU32 } from './fields.ts';

/** Longest user name and password that are looked at. */
const MAX_NAME_CHARACTERS = 255;
/** Longest job id of ours that may come back. */
const MAX_JOB_ID_CHARACTERS = 32;

/** What `mining.subscribe` says. */
export interface SubscribeRequest {
  /** Empty where the miner tells none. */
  readonly userAgent: string;
  /** Of the connection that the miner wants to go on with. */
  readonly sessionId: string | undefined;
}

/** @throws Sv1Error where user agent or session id are no texts; some firmware sends null, host and port behind them */
export function parseSubscribe(params: unknown): SubscribeRequest {
  const [userAgent, sessionId] = list(params);
  if (!isTextOrNothing(userAgent) || !isTextOrNothing(sessionId)) throw new Sv1Error(refusals.badSubscribe);
  return {
    userAgent: (userAgent ?? '').slice(0, MAX_NAME_CHARACTERS),
    sessionId: sessionId === '' || sessionId === null ? undefined : sessionId?.slice(0, MAX_NAME_CHARACTERS),
  };
}

/** @throws Sv1Error where name or password is no text */
export function parseAuthorize(params: unknown): { readonly username: string; readonly password: string } {
  const [username, password] = list(params);
  if (username === undefined || username === '') throw new Sv1Error(refusals.noUsername);
  if (typeof username !== 'string' || username.length > MAX_NAME_CHARACTERS) {
    throw new Sv1Error(refusals.badAuthorize);
  }
  const plain = typeof password === 'string' ? password.slice(0, MAX_NAME_CHARACTERS) : '';
  return { username, password: plain };
}

/** The difficulty of `mining.suggest_difficulty`; some firmware sends it as text. */
export function parseSuggestDifficulty(params: unknown): number {
  const [value] = list(params);
  const difficulty = typeof value === 'string' && /^[0-9.]+$/.test(value) ? Number(value) : value;
  if (typeof difficulty !== 'number' || !Number.isFinite(difficulty) || difficulty <= 0) {
    throw new Sv1Error(refusals.badSuggestDifficulty);
  }
  return difficulty;
}

/** The target of `mining.suggest_target`, as a number: 64 hex digits, the most significant first; never 0. */
export function parseSuggestTarget(params: unknown): bigint {
  const bytes = parseHexBytes(list(params)[0], 32);
  const target = bytes === undefined ? 0n : BigInt(`0x${toHex(bytes)}`);
  if (target === 0n) throw new Sv1Error(refusals.badSuggestDifficulty);
  return target;
}

/** `mining.submit` as it came: numbers read, extranonce2 checked for its exact length. */
export interface SubmitRequest {
  readonly username: string;
  readonly jobId: string;
  readonly extranonce2: Uint8Array;
  readonly ntime: number;
  readonly nonce: number;
  /** BIP310's sixth parameter: the rolled bits of the version alone; undefined where the miner sends none. */
  readonly versionBits: number | undefined;
}

/**
 * @param extranonce2Size bytes that this connection rolls
 * @throws Sv1Error with the words for the field that is missing or wrong
 */
export function parseSubmit(params: unknown, extranonce2Size: number): SubmitRequest {
  const fields = list(params);
  if (fields.length < 5 || fields.length > 6) throw new Sv1Error(refusals.arraySize);
  const [username, jobId, extranonce2Text, ntimeText, nonceText, versionText] = fields;
  const extranonce2 = parseHexBytes(text(extranonce2Text, refusals.noExtranonce2), extranonce2Size);
  if (extranonce2 === undefined) throw new Sv1Error(refusals.extranonce2Length);
  const ntime = parseHexU32(text(ntimeText, refusals.noNtime));
  const nonce = parseHexU32(text(nonceText, refusals.noNonce));
  if (ntime === undefined || nonce === undefined) throw new Sv1Error(refusals.badSubmit);
  const versionBits =
    versionText === undefined || versionText === null ? undefined : parseHexU32(versionText);
  if (versionBits === undefined && typeof versionText === 'string') throw new Sv1Error(refusals.versionMask);
  return {
    username: text(username, refusals.noUsername, MAX_NAME_CHARACTERS),
    jobId: text(jobId, refusals.noJobId, MAX_JOB_ID_CHARACTERS),
    extranonce2,
    ntime,
    nonce,
    versionBits,
  };
}

function list(params: unknown): unknown[] {
  if (!Array.isArray(params)) throw new Sv1Error(refusals.paramsNotArray);
  return params;
}

function isTextOrNothing(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string';
}

function text(value: unknown, missing: Sv1Refusal, longest = Number.POSITIVE_INFINITY): string {
  if (typeof value !== 'string' || value === '') throw new Sv1Error(missing);
  if (value.length > longest) throw new Sv1Error(refusals.badSubmit);
  return value;
}

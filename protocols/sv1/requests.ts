import { refusals, Sv1Error, type Sv1Refusal } from './errors.ts';
import { parseHexBytes, parseHexU32, parseVersionMask } from './fields.ts';
import { isRecord } from './line.ts';

/** Longest user name and password that are looked at. */
const MAX_NAME_CHARACTERS = 255;
/** Longest job id of ours that may come back. */
const MAX_JOB_ID_CHARACTERS = 32;

/** What a miner says in `mining.configure` (BIP310), of what we know. */
export interface ConfigureRequest {
  readonly versionRolling: { readonly mask: number; readonly minBitCount: number } | undefined;
  readonly minimumDifficulty: number | undefined;
  readonly subscribeExtranonce: boolean;
  /** Extensions asked for that we do not know; each is answered false. */
  readonly unknown: readonly string[];
}

/** @throws Sv1Error where the shape is not BIP310's */
export function parseConfigure(params: unknown): ConfigureRequest {
  const [extensions, options = {}] = list(params);
  if (!Array.isArray(extensions) || !isRecord(options)) throw new Sv1Error(refusals.badConfigure);
  const asked = new Set(extensions.filter((name): name is string => typeof name === 'string'));
  if (asked.size !== extensions.length) throw new Sv1Error(refusals.badConfigure);
  return {
    versionRolling: asked.delete('version-rolling') ? parseVersionRolling(options) : undefined,
    minimumDifficulty: asked.delete('minimum-difficulty') ? parseMinimumDifficulty(options) : undefined,
    subscribeExtranonce: asked.delete('subscribe-extranonce'),
    unknown: [...asked],
  };
}

function parseVersionRolling(options: Record<string, unknown>) {
  const mask = parseVersionMask(options['version-rolling.mask'] ?? 'ffffffff');
  const minBitCount = options['version-rolling.min-bit-count'] ?? 0;
  if (mask === undefined || typeof minBitCount !== 'number') throw new Sv1Error(refusals.badConfigure);
  return { mask, minBitCount };
}

function parseMinimumDifficulty(options: Record<string, unknown>): number {
  const value = options['minimum-difficulty.value'];
  if (typeof value !== 'number' || !(value > 0)) throw new Sv1Error(refusals.badConfigure);
  return value;
}

/** The user agent of `mining.subscribe`, empty where the miner tells none; a session id is not used. */
export function parseSubscribe(params: unknown): { readonly userAgent: string } {
  const [userAgent = ''] = list(params);
  if (userAgent !== null && typeof userAgent !== 'string') throw new Sv1Error(refusals.badSubscribe);
  return { userAgent: (userAgent ?? '').slice(0, MAX_NAME_CHARACTERS) };
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

/** The difficulty that a password such as `x,d=0.5` asks for, where rented hash can set nothing else. */
export function difficultyInPassword(password: string): number | undefined {
  const digits = /(?:^|[,; ])d=([0-9]+(?:\.[0-9]+)?)(?:$|[,; ])/.exec(password)?.[1];
  return digits === undefined ? undefined : Number(digits);
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

function text(value: unknown, missing: Sv1Refusal, longest = Number.POSITIVE_INFINITY): string {
  if (typeof value !== 'string' || value === '') throw new Sv1Error(missing);
  if (value.length > longest) throw new Sv1Error(refusals.badSubmit);
  return value;
}

import { setTimeout as delay } from 'node:timers/promises';
import { JSONInt, type RequestFn, type RequestOptions } from '@cashu/cashu-ts';
import { parseJson } from '../../protocols/cashu/json.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';

/** Longest time for one answer of the mint, its body included. */
const TIMEOUT_MS = 20_000;
/** Largest body that is read; a restore of a hundred outputs has some 50 kB. */
const MAX_BODY_BYTES = 8 << 20;
/** Characters of a mint's own words that are repeated. */
const LONGEST_DETAIL = 300;
/** A mint that is asked too much says when to come back: waited for so often, so long at most. */
const MOST_WAITS = 4;
const LONGEST_WAIT_SECONDS = 5;
/** Statuses of whoever has no time for this client, whatever it asks. */
const LATER = new Set([408, 425, 429]);
/** NUT codes that say "later": proofs, outputs or a quote are in somebody's hands just now. */
const PENDING_CODES = new Set([11002, 11004, 20005]);

/** The mint has understood the request and said no (NUT-00, Errors): asking again is of no use. */
export class MintRefusal extends HashpoolError {
  readonly nutCode: number;

  constructor(nutCode: number, detail: string) {
    super('mint-refused', `the mint refused: ${readable(detail)} (code ${nutCode})`);
    this.nutCode = nutCode;
  }
}

/** The mint has understood the request and can't carry it out at present; what else it is asked may well succeed. */
export class MintLater extends HashpoolError {
  constructor(nutCode: number, detail: string) {
    super('mint-unreachable', `the mint can't do that yet: ${readable(detail)} (code ${nutCode})`);
  }
}

/** Whether nothing else can be asked of the mint just now either. */
export function isAway(error: unknown): boolean {
  return isHashpoolError(error, 'mint-unreachable') && !(error instanceof MintLater);
}

/**
 * One HTTP request to a mint, in the form that cashu-ts wants it.
 * @throws HashpoolError 'mint-unreachable' where it did not answer, 'mint-answer' where the answer makes no sense;
 * MintLater where it said "later", MintRefusal where it said no
 */
export const requestMint: RequestFn = async <T>({
  endpoint,
  method = 'GET',
  requestBody,
}: RequestOptions): Promise<T> => {
  const body = requestBody && JSONInt.stringify(requestBody);
  const { status, text } = await exchangeInTime(endpoint, method, body);
  if (status >= 200 && status < 300) return parseAnswer(endpoint, status, text) as T;
  const said = saidIn(text);
  if (said && (status >= 500 || PENDING_CODES.has(said.code))) throw new MintLater(said.code, said.detail);
  if (status >= 500 || LATER.has(status)) {
    const words = said ? `: ${readable(said.detail)}` : '';
    throw new HashpoolError(
      'mint-unreachable',
      `the mint at ${endpoint} answered ${status}${words}; try again later`,
    );
  }
  if (said) throw new MintRefusal(said.code, said.detail);
  throw new HashpoolError(
    'mint-answer',
    `${endpoint} answered ${status} without a Cashu error: is it a mint?`,
  );
};

/** The Cashu error of an answer, where it is one (NUT-00). */
function saidIn(text: string): { code: number; detail: string } | undefined {
  try {
    const { code, detail } = (parseJson(text) ?? {}) as { code?: unknown; detail?: unknown };
    return typeof code === 'number' && typeof detail === 'string' ? { code, detail } : undefined;
  } catch (error) {
    if (isHashpoolError(error, 'bad-json')) return undefined;
    throw error;
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** When to come back; NaN where it does not say. */
  readonly retrySeconds: number;
}

async function exchangeInTime(endpoint: string, method: string, body: string | undefined): Promise<Answer> {
  for (let waits = 0; ; waits++) {
    const answer = await exchange(endpoint, method, body);
    const { status, retrySeconds } = answer;
    const isSoon = retrySeconds >= 0 && retrySeconds <= LONGEST_WAIT_SECONDS;
    if (status !== 429 || !isSoon || waits === MOST_WAITS) return answer;
    await delay(1000 * retrySeconds);
  }
}

async function exchange(endpoint: string, method: string, body: string | undefined): Promise<Answer> {
  try {
    const response = await fetch(endpoint, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body ? { body, headers: { 'content-type': 'application/json' } } : {}),
    });
    const retrySeconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
    return { status: response.status, text: await readBody(response), retrySeconds };
  } catch (cause) {
    if (cause instanceof HashpoolError) throw cause;
    const reason = cause instanceof Error && cause.cause ? messageOf(cause.cause) : messageOf(cause);
    throw new HashpoolError(
      'mint-unreachable',
      `the mint at ${new URL(endpoint).origin} does not answer: ${reason}`,
      {
        cause,
      },
    );
  }
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES)
      throw new HashpoolError('mint-answer', `the mint's answer passes ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseAnswer(endpoint: string, status: number, text: string): object {
  try {
    const answer = parseJson(text);
    if (typeof answer === 'object' && answer !== null) return answer;
  } catch (cause) {
    throw new HashpoolError('mint-answer', `${endpoint} answered ${status} and no JSON: is it a mint?`, {
      cause,
    });
  }
  throw new HashpoolError('mint-answer', `${endpoint} answered ${status} and no JSON object: is it a mint?`);
}

/** A mint's words, for a log line: of one length and without control characters. */
function readable(detail: string): string {
  return detail.replaceAll(/\p{Cc}/gu, ' ').slice(0, LONGEST_DETAIL);
}

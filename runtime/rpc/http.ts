import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { messageOf } from '../../protocols/errors.ts';
import { RpcError } from './errors.ts';

/** Above the largest answer in use, a block as hex or a template with all its transactions. */
const ANSWER_CAP_BYTES = 64 * 1024 * 1024;

/** System errors that come before a connection stands. */
const UNCONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'];

export interface HttpRequest {
  readonly url: URL;
  readonly agent: Agent;
  readonly authorization: string;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Names the node and the call in errors. */
  readonly what: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Posts a JSON body and reads the answer, within the time and size limits.
 * @throws RpcError 'rpc-unreachable', 'rpc-broken', 'rpc-timeout', 'rpc-aborted' or 'rpc-bad-answer'
 */
export async function postJson(options: HttpRequest): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signals = options.signal === undefined ? [timeout] : [timeout, options.signal];
  const signal = AbortSignal.any(signals);
  try {
    return await attempt(options, signal);
  } catch (cause) {
    throw failure(options, timeout, cause);
  }
}

function attempt(options: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(options.body, 'utf8');
    const request = httpRequest(options.url, {
      method: 'POST',
      agent: options.agent,
      signal,
      headers: {
        authorization: options.authorization,
        'content-type': 'application/json',
        'content-length': body.length,
      },
    });
    request.once('response', (response) => readAnswer(response).then(resolve, reject));
    request.once('error', reject);
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) throw new Error('answer is not bytes');
    size += part.length;
    if (size > ANSWER_CAP_BYTES) throw new AnswerTooLarge();
    parts.push(part);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') };
}

class AnswerTooLarge extends Error {}

function failure(options: HttpRequest, timeout: AbortSignal, cause: unknown): RpcError {
  const { what } = options;
  if (options.signal?.aborted)
    return new RpcError('rpc-aborted', `${what}: given up by the caller`, { cause });
  if (timeout.aborted) {
    const message = `${what}: no answer within ${options.timeoutMs} ms; it is busy, or the address is wrong`;
    return new RpcError('rpc-timeout', message, { cause });
  }
  if (cause instanceof AnswerTooLarge) {
    const message = `${what}: the answer is larger than ${ANSWER_CAP_BYTES} bytes; is it bitcoind that listens there?`;
    return new RpcError('rpc-bad-answer', message, { cause });
  }
  // Only where no connection was made is it certain that the node did not take the call.
  const systemCode = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const neverSent = UNCONNECTED.includes(systemCode);
  const trouble = systemCode === 'ECONNREFUSED' ? 'connection refused' : messageOf(cause);
  const message = `${what}: ${trouble}; is it running, with server=1, at this address?`;
  return new RpcError(neverSent ? 'rpc-unreachable' : 'rpc-broken', message, { cause });
}

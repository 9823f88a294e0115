import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { authorizationOf, type RpcAuth } from './auth.ts';
import { isRpcError, RpcCode, RpcError } from './errors.ts';
import { type HttpAnswer, postJson } from './http.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
/** bitcoind closes idle connections after 30 s (-rpcservertimeout); ours are given up before that. */
const IDLE_CONNECTION_MS = 20_000;

/** How often and how long apart a call is tried again where the node did not take it. */
export interface RpcRetry {
  /** Tries in all, the first included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

const DEFAULT_RETRY: RpcRetry = { attempts: 5, firstDelayMs: 100, longestDelayMs: 2_000 };

export interface RpcOptions {
  /** http://host:port, with /wallet/NAME where calls are for one wallet. */
  readonly url: string;
  readonly auth: RpcAuth;
  /** Longest wait for one answer (default 30 s). */
  readonly timeoutMs?: number;
  /** For a node that refuses connections or warms up; `attempts: 1` turns it off. */
  readonly retry?: Partial<RpcRetry>;
}

export interface RpcCallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly retry?: Partial<RpcRetry>;
}

/** Calls to one bitcoind. */
export interface BitcoinRpc {
  readonly url: string;
  /**
   * Calls `method` and gives its result as JSON has it: integers are exact up to 2^53, amounts in BTC are
   * floats and no good for sums.
   * @throws RpcError
   */
  call(method: string, params?: readonly unknown[], options?: RpcCallOptions): Promise<unknown>;
  /** Gives up the idle connections. */
  close(): void;
}

/**
 * A JSON-RPC client for bitcoind, over kept connections. A call that the node did not take (connection
 * refused, still warming up) is tried again with growing delays; one that it may have taken never is.
 * @throws HashpoolError 'bad-rpc-auth' where the auth is not `user:password`, 'bad-rpc-url'
 */
export function bitcoinRpc(options: RpcOptions): BitcoinRpc {
  const url = httpUrl(options.url);
  const authorization = authorizationOf(options.auth);
  const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  let lastId = 0;

  async function callOnce(
    method: string,
    params: readonly unknown[],
    limits: RpcCallOptions,
  ): Promise<unknown> {
    const id = ++lastId;
    const request = {
      url,
      agent,
      authorization: await authorization(),
      body: JSON.stringify({ jsonrpc: '1.0', id, method, params }),
      timeoutMs: limits.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      what: `bitcoind at ${url.origin}, ${method}`,
      ...(limits.signal === undefined ? {} : { signal: limits.signal }),
    };
    return resultOf(await postJson(request), request.what);
  }

  return {
    url: `${url.origin}${url.pathname}`,
    async call(method, params = [], limits = {}) {
      const retry = { ...DEFAULT_RETRY, ...options.retry, ...limits.retry };
      let pause = retry.firstDelayMs;
      for (let attempt = 1; ; attempt++) {
        try {
          return await callOnce(method, params, limits);
        } catch (error) {
          const isUntaken = isRpcError(error, 'rpc-unreachable', 'rpc-warming-up');
          if (!isUntaken || attempt >= retry.attempts || limits.signal?.aborted) throw error;
          await pauseFor(pause, limits.signal, method, url);
          pause = Math.min(2 * pause, retry.longestDelayMs);
        }
      }
    },
    close: () => agent.destroy(),
  };
}

function httpUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:') return url;
  throw new HashpoolError('bad-rpc-url', "the node's address must be of the form http://host:port");
}

async function pauseFor(
  ms: number,
  signal: AbortSignal | undefined,
  method: string,
  url: URL,
): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new RpcError('rpc-aborted', `bitcoind at ${url.origin}, ${method}: given up by the caller`, {
      cause,
    });
  }
}

/** The result in an answer, or the node's refusal as an error. */
function resultOf(answer: HttpAnswer, what: string): unknown {
  if (answer.status === 401 || answer.status === 403) {
    const remedy = 'the user and password must match rpcauth= in its configuration (403: also rpcallowip=)';
    throw new RpcError('rpc-unauthorized', `${what}: not authorized (HTTP ${answer.status}); ${remedy}`);
  }
  const body = parsed(answer, what);
  if (body.error === null || body.error === undefined) return body.result;
  const { code, message } = errorFields(body.error);
  const kind = code === RpcCode.warmingUp ? 'rpc-warming-up' : 'rpc-refused';
  throw new RpcError(kind, `${what}: ${message} (${code})`, { rpcCode: code });
}

function parsed(answer: HttpAnswer, what: string): { result: unknown; error: unknown } {
  try {
    const body: unknown = JSON.parse(answer.text);
    if (typeof body === 'object' && body !== null && 'result' in body) {
      return { result: body.result, error: 'error' in body ? body.error : null };
    }
    if (typeof body === 'object' && body !== null && 'error' in body)
      return { result: null, error: body.error };
    throw new SyntaxError('no result in it');
  } catch (cause) {
    const message = `${what}: HTTP ${answer.status} with no JSON-RPC answer (${messageOf(cause)}); is it bitcoind that listens there?`;
    throw new RpcError('rpc-bad-answer', message, { cause });
  }
}

function errorFields(error: unknown): { code: number; message: string } {
  if (typeof error !== 'object' || error === null) return { code: 0, message: String(error) };
  const code = 'code' in error && typeof error.code === 'number' ? error.code : 0;
  const message = 'message' in error && typeof error.message === 'string' ? error.message : 'no reason given';
  return { code, message };
}

import { HashpoolError } from '../../protocols/errors.ts';

/** Why a call did not give a result. */
export type RpcFailure =
  /** No connection could be made: the node has not seen the call. */
  | 'rpc-unreachable'
  /** The connection broke before the answer: the node may have done what was asked. */
  | 'rpc-broken'
  | 'rpc-timeout'
  /** The caller's signal ended the call. */
  | 'rpc-aborted'
  | 'rpc-unauthorized'
  /** The node is up and still loading (-28). */
  | 'rpc-warming-up'
  /** The node understood and said no: see `rpcCode`. */
  | 'rpc-refused'
  /** What came back is not JSON-RPC: another service listens there. */
  | 'rpc-bad-answer';

/** A failed JSON-RPC call; the message names url, method, trouble and remedy. */
export class RpcError extends HashpoolError {
  /** The node's own error number (bitcoind's src/rpc/protocol.h), where it answered with one. */
  readonly rpcCode: number | undefined;

  constructor(code: RpcFailure, message: string, options: { cause?: unknown; rpcCode?: number } = {}) {
    super(code, message, options);
    this.name = 'RpcError';
    this.rpcCode = options.rpcCode;
  }
}

/** True where `error` is a failed RPC call, and one of `codes` where some are given. */
export function isRpcError(error: unknown, ...codes: RpcFailure[]): error is RpcError {
  return error instanceof RpcError && (codes.length === 0 || codes.some((code) => code === error.code));
}

/** bitcoind's error numbers that callers branch on (src/rpc/protocol.h). */
export const RpcCode = {
  warmingUp: -28,
  notConnected: -9,
  initialDownload: -10,
} as const;

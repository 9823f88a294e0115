import { HashpoolError } from '../../protocols/errors.ts';

/** What crosses the thread for one call, and for its answer. */
export interface Call {
  readonly name: string;
  readonly input: unknown;
}
export type Answer = { readonly output: unknown } | { readonly error: PlainError };

/** An error as plain data: a structured clone would lose its class and code. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Messages from a worker thread. The first one says whether it started. */
export type FromWorker = { readonly started: true } | { readonly failed: PlainError } | readonly Answer[];

/** The functions that a worker module offers; each takes one argument that can be cloned. */
export type Tasks = { readonly [name: string]: (input: never) => unknown };
export type Input<T extends Tasks, K extends keyof T> = Parameters<T[K]>[0];
export type Output<T extends Tasks, K extends keyof T> = Awaited<ReturnType<T[K]>>;

/** `error` as plain data, code kept where it is ours. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof Error) {
    const code = error instanceof HashpoolError ? error.code : 'internal';
    return { code, message: error.message, stack: error.stack };
  }
  return { code: 'internal', message: String(error), stack: undefined };
}

/** The error that `plain` was made from, with the worker's stack as its cause. */
export function fromPlainError(plain: PlainError): HashpoolError {
  return new HashpoolError(plain.code, plain.message, { cause: plain.stack });
}

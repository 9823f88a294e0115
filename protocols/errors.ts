/**
 * The one error type of the project. `code` is stable kebab-case for programs to branch on; the message is
 * for people and names the field, what is wrong with its value, and the remedy.
 */
export class HashpoolError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'HashpoolError';
    this.code = code;
  }
}

/** True where `error` is ours and carries one of `codes` (any code, where none is given). */
export function isHashpoolError(error: unknown, ...codes: string[]): error is HashpoolError {
  return error instanceof HashpoolError && (codes.length === 0 || codes.includes(error.code));
}

/** The message of whatever was thrown, for a log line or an error text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

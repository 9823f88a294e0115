import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Names under which a secret might come near a log line; what stands there is never printed. */
const SECRET_FIELDS = ['secret', 'mnemonic', 'seed', 'token', 'proof', 'proofs', 'password', 'privateKey'];

const STDOUT = 1;

/**
 * Lines go out as they come: the last one before the end counts most. What can't be written is dropped, since a log on
 * a full disk is no reason for a role to end; pino's own writer throws at it, and waits for room at the exit, for ever.
 */
const stdout = {
  write(line: string): void {
    try {
      let rest = Buffer.from(line);
      while (rest.length > 0) rest = rest.subarray(writeSync(STDOUT, rest));
    } catch {
      // Where could it be told?
    }
  },
};

/** A role's log: a JSON line each on stdout, time in ISO form, level as a word. */
export function createLog(name: string, level: 'debug' | 'info' | 'silent' = 'info'): Logger {
  const options = {
    level,
    base: { role: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '(not shown)' },
  };
  return pino(options, stdout);
}

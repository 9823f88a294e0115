import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Names under which a secret might come near a log line; what stands there is never printed. */
const SECRET_FIELDS = ['secret', 'mnemonic', 'seed', 'token', 'proof', 'proofs', 'password', 'privateKey'];

/** A role's log: a JSON line each on stdout, time in ISO form, level as a word. */
export function createLog(name: string, level: 'debug' | 'info' | 'silent' = 'info'): Logger {
  return pino({
    level,
    base: { role: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '(not shown)' },
  });
}

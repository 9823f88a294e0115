import type { Logger } from '../logs.ts';

/** What connections need of a log. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn'>;

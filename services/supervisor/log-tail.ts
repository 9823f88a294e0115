import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { plainText } from './plain-text.ts';

const TAIL_BYTES = 16_384;
const LINE_LIMIT = 400;
const TROUBLE_LEVELS = new Set<unknown>(['warn', 'error', 'fatal']);

/**
 * The last thing in a role's log that went wrong: a line that is not of the JSON log, or one of a level above
 * info. In its own words, fit for a terminal and cut to a readable length; undefined where there is none.
 */
export function lastTrouble(path: string): string | undefined {
  const lines = tail(path)
    .split('\n')
    .map((line) => line.trim());
  // Node ends the report of a crash with its version; what was thrown stands some lines above.
  const isCrash = /^Node\.js v\d/.test(lines.findLast((line) => line !== '') ?? '');
  const thrown = isCrash ? lines.findLast((line) => /^(?:[A-Z]\w*)?Error\b.*?: /.test(line)) : undefined;
  if (thrown !== undefined) return plainText(thrown, LINE_LIMIT);
  for (const line of lines.reverse()) {
    const words = troubleOf(line);
    if (words !== undefined) return plainText(words, LINE_LIMIT);
  }
  return undefined;
}

function troubleOf(line: string): string | undefined {
  if (line === '') return undefined;
  if (!line.startsWith('{')) return line;
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || !('level' in entry) || !('msg' in entry)) return line;
    return TROUBLE_LEVELS.has(entry.level) ? String(entry.msg) : undefined;
  } catch {
    // Begins like one of the log's lines and is none.
    return line;
  }
}

function tail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const bytes = Buffer.alloc(Math.min(TAIL_BYTES, size));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString('utf8');
    // What is read may begin in the middle of a line.
    return size > TAIL_BYTES ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(file);
  }
}

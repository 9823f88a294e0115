import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 4096;
const LINE_LIMIT = 400;

/** The last line of a log with its time and level left out, cut to a readable length; undefined where there is none. */
export function lastLine(path: string): string | undefined {
  const lines = tail(path).split('\n');
  const line = lines.findLast((each) => each.trim() !== '');
  return line === undefined ? undefined : plainLine(line).slice(0, LINE_LIMIT);
}

/** The words of a line, where it is one of the JSON log. */
function plainLine(line: string): string {
  if (!line.startsWith('{')) return line.trim();
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === 'object' && entry !== null && 'msg' in entry) return String(entry.msg);
  } catch {
    // Cut off at its beginning, or not JSON after all: shown as it is.
  }
  return line.trim();
}

function tail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const bytes = Buffer.alloc(Math.min(TAIL_BYTES, size));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8');
  } finally {
    closeSync(file);
  }
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const COMMAND_LIMIT_MS = 240_000;
const OUTPUT_CAP = 16 * 1024 * 1024;

/**
 * Runs a program to its end and gives what it printed.
 * @param environment the program's whole environment; its PATH is where the program is looked for
 * @throws Error with the program's name and the last line it wrote to stderr
 */
export async function run(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  try {
    const { stdout } = await execute(file, args, {
      env: { ...environment, LC_ALL: 'C' },
      timeout: COMMAND_LIMIT_MS,
      maxBuffer: OUTPUT_CAP,
    });
    return stdout;
  } catch (cause) {
    throw new Error(`${file}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'not on this machine';
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return stderr.split('\n').at(-1) || error.message;
}

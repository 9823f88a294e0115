import { spawn } from 'node:child_process';
import { HashpoolError, messageOf } from '../protocols/errors.ts';

/** What is kept of what a program says. */
const OUTPUT_CAP = 1 << 20;

/**
 * Runs a program to its end, however long that takes.
 * @param environment beside this process's own
 * @returns what it printed
 * @throws HashpoolError 'program-missing', 'program-failed' with the last line it wrote to stderr
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(file, args, {
    env: { ...process.env, LC_ALL: 'C', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] = `${said[name]}${text}`.slice(-OUTPUT_CAP);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(missing(file, cause)));
    child.once('close', resolve);
  });
  if (code === 0) return said.stdout;
  const why = said.stderr.trim().split('\n').at(-1) || `it ended with ${code}`;
  throw new HashpoolError('program-failed', `${file}: ${why}`);
}

function missing(file: string, cause: Error): HashpoolError {
  const isAbsent = 'code' in cause && cause.code === 'ENOENT';
  return isAbsent
    ? new HashpoolError('program-missing', `${file} is not on this machine; install it`, { cause })
    : new HashpoolError('program-failed', `${file}: ${messageOf(cause)}`, { cause });
}

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';
import { exitCodes } from '../../services/supervisor/exit-codes.ts';

/**
 * Runs a command and leaves with its exit code. What it throws becomes one line on stderr: exit code 64 for a mistake on
 * the command line, 1 for any other trouble.
 */
export async function runCommand(name: string, main: () => number | Promise<number>): Promise<void> {
  try {
    process.exit(await main());
  } catch (error) {
    process.stderr.write(`${name}: ${messageOf(error).replaceAll('\n', ' ')}\n`);
    process.exit(isHashpoolError(error, 'usage') ? exitCodes.usage : 1);
  }
}

/**
 * Reads a command line.
 * @throws HashpoolError 'usage' in one line, for an option that is not among `options`
 */
export function readCommandLine<O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    const [trouble = ''] = messageOf(cause).split(/\.\s/);
    throw usageError(`${trouble}; --help shows what there is`, cause);
  }
}

/**
 * Reads the command line of a command; where that asks for help, prints its usage and leaves.
 * @throws HashpoolError as `readCommandLine`
 */
export function readOrHelp<O extends ParseArgsOptionsConfig>(
  usage: string,
  args: readonly string[],
  options: O,
) {
  const read = readCommandLine(args, { ...options, help: { type: 'boolean', default: false } } as const);
  if (!args.includes('--help')) return read;
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

/** For a command that takes options alone. @throws HashpoolError 'usage' */
export function refuseWords([word]: readonly string[]): void {
  if (word !== undefined) throw usageError(`${word} is no option; --help shows what there is`);
}

/** A mistake on the command line, in words. */
export function usageError(trouble: string, cause?: unknown): HashpoolError {
  return new HashpoolError('usage', trouble, { cause });
}

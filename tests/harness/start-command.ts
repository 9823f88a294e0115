import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from './patience.ts';

/** How `npm start` ended. */
export interface StartResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartCommand {
  readonly process: ChildProcess;
  readonly result: Promise<StartResult>;
  /** Waits until stdout holds `pattern`. */
  printed(pattern: RegExp): Promise<void>;
}

const entry = fileURLToPath(new URL('../../commands/start.ts', import.meta.url));
const POLL_MS = 50;

/** Runs commands/start.ts as `npm start` does. */
export function runStart(args: readonly string[]): StartCommand {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const result = once(child, 'close').then(([code]: unknown[]) => ({
    code: typeof code === 'number' ? code : null,
    stdout,
    stderr,
  }));
  return {
    process: child,
    result,
    printed: async (pattern) => {
      while (!pattern.test(stdout)) {
        if (child.exitCode !== null)
          throw new Error(`npm start ended before it printed ${pattern}:\n${stdout}${stderr}`);
        await delay(POLL_MS);
      }
    },
  };
}

/** Runs another of the commands to its end; `input` is what it reads. */
export function runCommand(name: string, args: readonly string[], input = ''): SpawnSyncReturns<string> {
  return spawnSync(
    process.execPath,
    [fileURLToPath(new URL(`../../commands/${name}.ts`, import.meta.url)), ...args],
    {
      encoding: 'utf8',
      input,
      timeout: PATIENCE_MS,
    },
  );
}

/** Processes whose command line holds `text`, such as a test's own state folder. */
export function processesWith(text: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => commandLine(pid).includes(text)).map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended since the list was made.
    return '';
  }
}

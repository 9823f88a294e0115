import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
const RUN_LIMIT_MS = 150_000;

/** How a program ended. */
export interface Ended {
  /** The exit code, null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads from its input. */
  readonly input?: string;
  readonly limitMs?: number;
  /** Is given all of stdout so far, each time that more has come. */
  readonly onOutput?: (stdout: string) => void;
  /** The program is ended as soon as its stdout has this. */
  readonly endAt?: RegExp;
}

/** Runs a program to its end. @throws Error where it can't be started */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    timeout: options.limitMs ?? RUN_LIMIT_MS,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      if (name !== 'stdout') return;
      options.onOutput?.(said.stdout);
      if (options.endAt?.test(said.stdout)) child.kill();
    });
  }
  // A program that ends before it has read everything says so by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

/**
 * What is installed once for each state of its pins, into a folder of the project's cache; those of older pins go.
 * @param name begins the folder's name; the rest of it are the pins, in the form of a file's name
 * @param install is given a folder that is not there yet, in which it is to leave everything; where it throws, nothing is kept
 * @returns the folder
 */
export async function installedOnce(
  name: string,
  pins: string,
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(CACHE, `${name}-${pins}`);
  const marker = join(folder, 'installed');
  if (existsSync(marker)) return folder;
  await mkdir(CACHE, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await install(folder);
  await mkdir(marker);
  for (const each of readdirSync(dirname(folder))) {
    if (each.startsWith(`${name}-`) && join(CACHE, each) !== folder)
      rmSync(join(CACHE, each), { recursive: true, force: true });
  }
  return folder;
}

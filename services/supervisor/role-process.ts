import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { plainText } from './plain-text.ts';
import { endGroup, signalGroup } from './process-group.ts';
import type { Reaper } from './reaper.ts';

/** How one role is run. */
export interface LaunchPlan {
  readonly name: string;
  readonly after: readonly string[];
  /** The entrypoint's file. */
  readonly entry: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeFlags: readonly string[];
  /** Where its stdout and stderr go. */
  readonly log: string;
}

export type Figures = Readonly<Record<string, number | bigint | string>>;

/** What a role says of itself over its channel. */
export type RoleMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'alive' }
  | { readonly type: 'status'; readonly text: string; readonly figures: Figures };

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RoleProcess {
  readonly pid: number;
  /** Resolves once the process and all that it had started are gone. */
  readonly exited: Promise<Exit>;
  /** Asks it to stop. */
  terminate(): void;
  /** Ends it and all that it has started, without asking. */
  kill(): void;
}

/** A log that has grown past this is set aside when its role starts; one older log is kept. */
const LOG_LIMIT_BYTES = 8 * 1024 * 1024;
/** Characters of a role's status that are kept. */
const TEXT_LIMIT = 200;
const LEFTOVER_GRACE_MS = 2_000;

/**
 * Starts a role in a session of its own, so that a Ctrl-C in the terminal reaches the supervisor alone, with a
 * channel that tells the role when the supervisor is gone.
 */
export function startProcess(
  plan: LaunchPlan,
  reaper: Reaper,
  onMessage: (message: RoleMessage) => void,
): RoleProcess {
  const log = openLog(plan.log);
  const child = fork(plan.entry, plan.arguments, {
    env: { ...process.env, ...plan.environment },
    execArgv: [...process.execArgv, ...plan.nodeFlags],
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) return failedStart(child);
  reaper.watch(pid);
  child.on('message', (value) => {
    const message = roleMessage(value);
    if (message !== undefined) onMessage(message);
  });
  return {
    pid,
    exited: exitOf(child).then(async (exit) => {
      await endGroup(pid, LEFTOVER_GRACE_MS);
      reaper.forget(pid);
      return exit;
    }),
    terminate: () => child.kill('SIGTERM'),
    kill: () => signalGroup(pid, 'SIGKILL'),
  };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
}

function failedStart(child: ChildProcess): RoleProcess {
  const nothing = (): void => undefined;
  return { pid: 0, exited: exitOf(child), terminate: nothing, kill: nothing };
}

function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

function roleMessage(value: unknown): RoleMessage | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  if (value.type === 'ready' || value.type === 'alive') return { type: value.type };
  if (value.type !== 'status' || !('text' in value) || typeof value.text !== 'string') return undefined;
  return {
    type: 'status',
    text: plainText(value.text, TEXT_LIMIT),
    figures: figuresOf('figures' in value ? value.figures : undefined),
  };
}

function figuresOf(value: unknown): Figures {
  if (typeof value !== 'object' || value === null) return {};
  const figures: Record<string, number | bigint | string> = {};
  for (const [name, figure] of Object.entries(value)) {
    if (typeof figure === 'number' || typeof figure === 'bigint' || typeof figure === 'string')
      figures[name] = figure;
  }
  return figures;
}

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..', '..');
const LIMIT_MS = 60_000;

/** What Nix said of an expression. */
export interface Evaluation {
  readonly value: unknown;
  /** Its error, undefined where there was none. */
  readonly error: string | undefined;
}

/** Evaluates a Nix expression whose paths begin at the project's folder, without a store. */
export function tryNix(expression: string): Evaluation {
  const ran = spawnSync(
    'nix-instantiate',
    ['--store', 'dummy://', '--eval', '--strict', '--json', '--expr', expression],
    { cwd: project, encoding: 'utf8', timeout: LIMIT_MS, env: { ...process.env, NIX_PATH: '' } },
  );
  if (ran.error !== undefined)
    throw new Error(`nix-instantiate: ${ran.error.message}; Debian has it in nix-bin`, { cause: ran.error });
  if (ran.status !== 0) return { value: undefined, error: ran.stderr };
  return { value: JSON.parse(ran.stdout), error: undefined };
}

/** The value of a Nix expression. @throws Error with what Nix said */
export function nixEval(expression: string): unknown {
  const { value, error } = tryNix(expression);
  if (error !== undefined) throw new Error(error);
  return value;
}

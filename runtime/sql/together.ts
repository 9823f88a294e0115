import type { Row, SqlValue, Statement, StatementCall } from './database.ts';

/** Runs statements in their order, a server is asked in one round trip for all; the first row of each. */
export function getAll(calls: readonly StatementCall[]): (Row | undefined)[] {
  const together = calls[0]?.statement.getAll?.(calls);
  return together ?? calls.map(({ statement, parameters }) => statement.get(...parameters));
}

/** Runs one statement with each list of parameters, as `getAll` does. */
export function getEach(
  statement: Statement,
  parameters: readonly (readonly SqlValue[])[],
): (Row | undefined)[] {
  return getAll(parameters.map((each) => ({ statement, parameters: each })));
}

/**
 * Runs a statement with each list of parameters, of which nothing is asked back: within a transaction a server gets it
 * along with what is asked next. Where it fails, the whole transaction does.
 */
export function runEach(statement: Statement, parameters: readonly (readonly SqlValue[])[]): void {
  for (const each of parameters) {
    if (statement.post) statement.post(...each);
    else statement.run(...each);
  }
}

/** Calls, and what has to be true of their first rows. */
export interface Step {
  readonly calls: readonly StatementCall[];
  /** @throws what the operation is to fail with */
  check(rows: readonly (Row | undefined)[]): void;
}

/**
 * Runs the steps of an operation, a server in one round trip. Where a check fails, later steps may have run: the
 * operation has to fail with it, and is taken back.
 */
export function runSteps(steps: readonly Step[]): void {
  const calls = steps.flatMap((step) => step.calls);
  if (!calls[0]?.statement.getAll) {
    for (const step of steps) step.check(getAll(step.calls));
    return;
  }
  const rows = getAll(calls);
  let at = 0;
  for (const step of steps) {
    step.check(rows.slice(at, at + step.calls.length));
    at += step.calls.length;
  }
}

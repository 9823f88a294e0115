import type { Database, Row, SqlValue, Statement, StatementCall } from './database.ts';

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

/** Values that one statement looks for. */
const AMONG = 100;

/**
 * Prepares a look for rows by many values, a hundred in a statement.
 * @param sql a SELECT, given the places of its values: `… WHERE y IN (${places})`
 * @returns what finds the rows of all values, in no order
 */
export function findAmong(
  db: Pick<Database, 'prepare'>,
  sql: (places: string) => string,
): (values: readonly SqlValue[]) => Row[] {
  const one = db.prepare(sql('?'));
  const many = db.prepare(sql(new Array<string>(AMONG).fill('?').join(', ')));
  return (values) => {
    const [first] = values;
    if (first === undefined) return [];
    if (values.length === 1) return one.all(first);
    return Array.from({ length: Math.ceil(values.length / AMONG) }, (_, i) => {
      const some = values.slice(i * AMONG, (i + 1) * AMONG);
      // Places that are left over ask for the first of them once more, which gives no second row.
      return many.all(...some, ...new Array<SqlValue>(AMONG - some.length).fill(some[0] ?? first));
    }).flat();
  };
}

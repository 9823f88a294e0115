import { HashpoolError } from '../../../protocols/errors.ts';
import type { Row, SqlValue, Statement, StatementCall } from '../database.ts';
import { numberParameters } from './dialect.ts';
import type { Result, Sent } from './messages.ts';
import { decodeValue, encodeValue } from './values.ts';

/** The connection as a statement sees it. */
export interface Sender {
  /** Sends statements in one round trip and gives what each gave. */
  run(sent: readonly Sent[]): readonly Result[];
  /** Sends a statement along with what is asked next. */
  post(sent: Sent): void;
}

/** A statement that the server prepares under `name` the first time a connection runs it. */
export class PostgresStatement implements Statement {
  readonly #sender: Sender;
  readonly #name: string;
  readonly #text: string;
  #bigInts = false;

  constructor(sender: Sender, name: string, sql: string) {
    this.#sender = sender;
    this.#name = name;
    this.#text = numberParameters(sql);
  }

  get(...parameters: SqlValue[]): Row | undefined {
    return this.#firstRow(this.#run(parameters));
  }

  all(...parameters: SqlValue[]): Row[] {
    const result = this.#run(parameters);
    return result?.rows.map((row) => this.#rowOf(result, row)) ?? [];
  }

  run(...parameters: SqlValue[]): { readonly changes: number } {
    return { changes: this.#run(parameters)?.written ?? 0 };
  }

  getAll(calls: readonly StatementCall[]): (Row | undefined)[] {
    const own = calls.map(({ statement, parameters }) => {
      if (statement instanceof PostgresStatement) return { statement, sent: statement.#sent(parameters) };
      throw new HashpoolError('mixed-stores', 'statements of two databases can not be run together');
    });
    const results = this.#sender.run(own.map(({ sent }) => sent));
    return own.map(({ statement }, i) => statement.#firstRow(results[i]));
  }

  post(...parameters: SqlValue[]): void {
    this.#sender.post(this.#sent(parameters));
  }

  setReadBigInts(enabled: boolean): void {
    this.#bigInts = enabled;
  }

  #run(parameters: readonly SqlValue[]): Result | undefined {
    return this.#sender.run([this.#sent(parameters)])[0];
  }

  #sent(parameters: readonly SqlValue[]): Sent {
    return { name: this.#name, text: this.#text, values: parameters.map(encodeValue) };
  }

  #firstRow(result: Result | undefined): Row | undefined {
    return result?.rows[0] && this.#rowOf(result, result.rows[0]);
  }

  #rowOf({ columns }: Result, row: readonly (string | null)[]): Row {
    return Object.fromEntries(
      columns.map(({ name, type }, i) => [name, decodeValue(row[i] ?? null, type, this.#bigInts)]),
    );
  }
}

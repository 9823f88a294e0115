import type { Row, SqlValue, Statement } from '../database.ts';
import { numberParameters } from './dialect.ts';
import type { Result, Sent } from './messages.ts';
import { decodeValue, encodeValue } from './values.ts';

/** Sends statements in one round trip and gives what each gave. */
type Run = (sent: readonly Sent[]) => readonly Result[];

/** A statement that the server prepares under `name` the first time a connection runs it. */
export class PostgresStatement implements Statement {
  readonly #run: Run;
  readonly #name: string;
  readonly #text: string;
  #bigInts = false;

  constructor(run: Run, name: string, sql: string) {
    this.#run = run;
    this.#name = name;
    this.#text = numberParameters(sql);
  }

  get(...parameters: SqlValue[]): Row | undefined {
    return this.getEach([parameters])[0];
  }

  all(...parameters: SqlValue[]): Row[] {
    const [result] = this.#run([this.#sent(parameters)]);
    return result?.rows.map((row) => this.#rowOf(result, row)) ?? [];
  }

  run(...parameters: SqlValue[]): { readonly changes: number } {
    return { changes: this.#run([this.#sent(parameters)])[0]?.written ?? 0 };
  }

  getEach(parameters: readonly (readonly SqlValue[])[]): (Row | undefined)[] {
    if (parameters.length === 0) return [];
    const results = this.#run(parameters.map((each) => this.#sent(each)));
    return results.map((result) => result.rows[0] && this.#rowOf(result, result.rows[0]));
  }

  setReadBigInts(enabled: boolean): void {
    this.#bigInts = enabled;
  }

  #sent(parameters: readonly SqlValue[]): Sent {
    return { name: this.#name, text: this.#text, values: parameters.map(encodeValue) };
  }

  #rowOf({ columns }: Result, row: readonly (string | null)[]): Row {
    return Object.fromEntries(
      columns.map(({ name, type }, i) => [name, decodeValue(row[i] ?? null, type, this.#bigInts)]),
    );
  }
}

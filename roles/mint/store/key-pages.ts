import { integer, type Row } from './row.ts';

/** Which quotes of some keys to list. */
export interface QuotesOfKeys {
  /** 33 bytes each, distinct. */
  readonly keys: readonly Uint8Array[];
  /** The last quote of the page before. */
  readonly after: Uint8Array | undefined;
  readonly limit: number;
  /** Leave out what has ended: issued, paid out or void. */
  readonly onlyOpen: boolean;
}

/**
 * A page of the rows of several keys, in the order in which they came, and whether there are more.
 * @param column the rows' number
 * @param rowsOf gives the first so many rows of one key that are on the page or after it
 */
export function pageOfKeys(
  { keys, limit }: Pick<QuotesOfKeys, 'keys' | 'limit'>,
  column: string,
  rowsOf: (key: Uint8Array, limit: number) => Row[],
): { rows: number[]; hasMore: boolean } {
  const found = keys.flatMap((key) => rowsOf(key, limit + 1).map((row) => integer(row, column)));
  found.sort((a, b) => a - b);
  return { rows: found.slice(0, limit), hasMore: found.length > limit };
}

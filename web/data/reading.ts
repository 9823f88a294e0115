/** What is known of an answer of the API. */
export interface Reading<T> {
  /** The latest answer; undefined until the first has come. */
  readonly data?: T | undefined;
  /** When its figures were true, by the service's clock, in milliseconds since 1970. */
  readonly at?: number | undefined;
  /** Why there is no newer one, in words. */
  readonly trouble?: string | undefined;
  /** Whether the last attempt to get a newer one failed. */
  readonly isOld: boolean;
}

/** Every answer says when it was true. */
export interface Dated {
  readonly as_of: number;
}

export const nothingRead: Reading<never> = { isOld: false };

/** A reading with its new answer. */
export function readingOf<T extends Dated>(data: T): Reading<T> {
  return { data, at: data.as_of, isOld: false };
}

/** A reading that could not be renewed. */
export function failedReading<T>(before: Reading<T>, trouble: string): Reading<T> {
  return { ...before, trouble, isOld: true };
}

/** The reading of a part of an answer. */
export function partOf<T, P>(reading: Reading<T>, part: (data: T) => P): Reading<P> {
  const { data, ...rest } = reading;
  return data === undefined ? rest : { ...rest, data: part(data) };
}

/** Requests under way at once: a mint takes a hundred connections of a client, and a restored wallet asks for a thousand keysets. */
const LOT = 8;

/** Does `work` for each of `items`, a few at once; the results are in their order. */
export async function inLots<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += LOT)
    results.push(...(await Promise.all(items.slice(first, first + LOT).map(work))));
  return results;
}

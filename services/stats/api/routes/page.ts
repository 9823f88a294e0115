/** The entries of a page, the first being number 1. */
export function pageOf<T>(all: readonly T[], page: number, limit: number): T[] {
  return all.slice((page - 1) * limit, page * limit);
}

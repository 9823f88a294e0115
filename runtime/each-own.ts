import { HashpoolError, messageOf } from '../protocols/errors.ts';

/** Troubles that one error tells of. */
const MOST_TOLD = 3;

/**
 * Does something for each of them, one after the other. What fails for one keeps nobody behind it from its turn.
 * @throws what failed, once all had their turn; HashpoolError 'several-failed' where that are several troubles
 */
export async function eachOnItsOwn<T>(all: Iterable<T>, act: (one: T) => Promise<void>): Promise<void> {
  const troubles = new Map<string, unknown>();
  for (const one of all) {
    try {
      await act(one);
    } catch (error) {
      const trouble = messageOf(error);
      if (!troubles.has(trouble)) troubles.set(trouble, error);
    }
  }
  const [first] = troubles.values();
  if (troubles.size === 1) throw first;
  if (troubles.size === 0) return;
  const told = [...troubles.keys()].slice(0, MOST_TOLD).join('; ');
  const more = troubles.size > MOST_TOLD ? `; and ${troubles.size - MOST_TOLD} more` : '';
  throw new HashpoolError('several-failed', `${told}${more}`, { cause: first });
}

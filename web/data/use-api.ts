import { useEffect, useState } from 'preact/hooks';
import { type Dated, failedReading, nothingRead, type Reading, readingOf } from './reading.ts';
import { request } from './request.ts';

/** How often what the live feed does not bring is asked for. */
const EVERY_MS = 5_000;

/**
 * An answer of the API that is renewed as long as the page is looked at.
 * @param path as `api/miners?hours=24`; undefined asks for nothing
 */
export function useApi<T extends Dated>(path: string | undefined, everyMs = EVERY_MS): Reading<T> {
  const [state, setState] = useState<{ path: string | undefined; reading: Reading<T> }>({
    path,
    reading: nothingRead,
  });
  useEffect(() => {
    if (path === undefined) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      try {
        const reading = readingOf(await request<T>(path));
        if (!isOver) setState({ path, reading });
      } catch (error) {
        const trouble = error instanceof Error ? error.message : String(error);
        if (!isOver) {
          setState((before) => ({
            path,
            reading: failedReading(before.path === path ? before.reading : nothingRead, trouble),
          }));
        }
      }
      if (!isOver) timer = setTimeout(look, everyMs);
    };
    const look = (): void => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') void read();
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [path, everyMs]);
  return state.path === path ? state.reading : nothingRead;
}

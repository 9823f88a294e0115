import { useEffect, useState } from 'preact/hooks';

/** Where one is, from the part of the address after `#/`: `#/miners/7` is the page `miners` of `7`. */
export interface Route {
  readonly page: string;
  readonly of: string | undefined;
}

export function parseRoute(hash: string): Route {
  const [page = '', of] = hash.replace(/^#\/?/, '').split('/');
  return { page, of };
}

/** The route, drawn anew when it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const look = (): void => setRoute(parseRoute(location.hash));
    const change = (): void => {
      look();
      scrollTo(0, 0);
    };
    addEventListener('hashchange', change);
    // It may have changed between the first drawing and now.
    look();
    return () => removeEventListener('hashchange', change);
  }, []);
  return route;
}

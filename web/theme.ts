import { useEffect, useState } from 'preact/hooks';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** Where the choice is kept; web/first.ts reads it before the page is drawn. */
const KEY = 'hashpool-theme';
const CHANGED = 'hashpool-theme';

function current(): Theme {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/** Takes over a theme and keeps it for the next visit. */
export function setTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset['theme'];
    localStorage.removeItem(KEY);
  } else {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(KEY, theme);
  }
  dispatchEvent(new Event(CHANGED));
}

/** The chosen theme, drawn anew when it changes. */
export function useTheme(): Theme {
  const [theme, set] = useState(current);
  useEffect(() => whenColoursChange(() => set(current())), []);
  return theme;
}

/** Tells when colours change: by the switch, by the system, and for print. */
export function whenColoursChange(listener: () => void): () => void {
  const queries = [matchMedia('(prefers-color-scheme: dark)'), matchMedia('print')];
  addEventListener(CHANGED, listener);
  for (const query of queries) query.addEventListener('change', listener);
  return () => {
    removeEventListener(CHANGED, listener);
    for (const query of queries) query.removeEventListener('change', listener);
  };
}

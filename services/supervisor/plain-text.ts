import { stripVTControlCharacters } from 'node:util';

/** In one line and without control characters: it goes to a terminal, and may quote what a stranger sent. */
export function plainText(text: string, longest: number): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .slice(0, longest);
}

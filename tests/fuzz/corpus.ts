import { readFileSync } from 'node:fs';
import { fromHex } from '../../protocols/bytes.ts';

/** Inputs that the project's own encoder made (make-corpus.ts). */
export const MADE = ['mining', 'template-distribution', 'job-declaration', 'work-link', 'sv1'] as const;

export type CorpusName = (typeof MADE)[number];

/** Where a corpus lies; `-edges` are made by hand, and what a run once found is added to them. */
export function corpusFile(name: CorpusName | `${CorpusName}-edges` | 'tlv-edges'): URL {
  return new URL(`./corpus/${name}.hex`, import.meta.url);
}

/** The inputs of a file: one a line in hex, `#` and what follows it is a remark. */
export function readCorpus(file: URL): Uint8Array[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => fromHex(line.replace(/#.*/, '').trim()));
}

/** What mutations of a kind of input start from. */
export function seeds(name: CorpusName): readonly Uint8Array[] {
  return [...readCorpus(corpusFile(name)), ...readCorpus(corpusFile(`${name}-edges`))];
}

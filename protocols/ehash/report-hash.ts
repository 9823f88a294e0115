import { utf8 } from '../bytes.ts';
import { taggedHash } from '../crypto/tagged-hash.ts';

const reportTag = taggedHash('hashpool/report/v1');

/** What is signed of a report, and what the next report names: 32 bytes. @param text as it is published */
export function reportHash(text: string): Uint8Array {
  return reportTag(utf8(text));
}

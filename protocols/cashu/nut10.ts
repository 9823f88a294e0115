import { HashpoolError } from '../errors.ts';

/** Kinds of spending conditions that this mint enforces; a secret of any other kind is a plain one (NUT-10). */
const kinds = ['P2PK', 'HTLC'] as const;
export type SecretKind = (typeof kinds)[number];

/** A secret that says how it may be spent, `[kind, {nonce, data, tags}]` (NUT-10). */
export interface WellKnownSecret {
  readonly kind: SecretKind;
  readonly data: string;
  /** Each begins with its name. */
  readonly tags: readonly (readonly string[])[];
}

/** A JSON string, and whether it is the name of a field. */
const jsonString = /("(?:[^"\\]|\\.)*")\s*(:?)/g;

/**
 * The condition that a secret states, or undefined for a plain one.
 * @throws HashpoolError 'secret-malformed' for a secret of a known kind in another form: its owner meant a lock, so
 * that nobody may spend it as if there were none
 */
export function parseSecret(secret: string): WellKnownSecret | undefined {
  if (!secret.trimStart().startsWith('[')) return undefined;
  const parsed = jsonOrUndefined(secret);
  if (!Array.isArray(parsed)) return undefined;
  const kind = kinds.find((known) => known === parsed[0]);
  if (!kind) return undefined;
  const content: unknown = parsed[1];
  if (parsed.length !== 2 || typeof content !== 'object' || content === null) {
    throw malformed(`it must be ["${kind}", {nonce, data, tags}]`);
  }
  checkDistinctFields(secret);
  const { nonce, data, tags } = content as Record<string, unknown>;
  if (typeof nonce !== 'string' || typeof data !== 'string') throw malformed('nonce and data must be texts');
  return { kind, data, tags: tagsOf(tags) };
}

/** An error for a secret that states a condition which cannot be met. */
export function malformed(trouble: string): HashpoolError {
  return new HashpoolError('secret-malformed', trouble);
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Any text may be a secret (NUT-00).
    return undefined;
  }
}

/** Readers differ in which of two fields of one name counts; a lock must mean one thing to all of them. */
function checkDistinctFields(json: string): void {
  const fields = [...json.matchAll(jsonString)].flatMap(([, text = '""', colon]) =>
    colon ? [String(JSON.parse(text))] : [],
  );
  if (new Set(fields).size !== fields.length) throw malformed('a field stands in it twice');
}

function tagsOf(tags: unknown): string[][] {
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags)) throw malformed('tags must be a list');
  return tags.map((tag: unknown) => {
    if (Array.isArray(tag) && tag.length > 0 && tag.every((item) => typeof item === 'string' && item)) {
      return tag.map(String);
    }
    throw malformed('each tag must be a list of texts, none empty');
  });
}

import { stripTypeScriptTypes } from 'node:module';

/**
 * What a browser runs of a module: its types are blanked out, its lines and columns stay.
 * @throws SyntaxError where the source has syntax that is more than types
 */
export function toBrowserModule(source: string): string {
  return withoutWarning(() => stripTypeScriptTypes(source, { mode: 'strip' }));
}

const importPattern = /(?:^|[\n;}])\s*(?:import|export)\s*(?:[\w$\s{},*]*?\bfrom\s*)?(["'])([^"'\n]+)\1/g;

/** What a module without types imports, as it is written there. */
export function importsOf(code: string): string[] {
  return [...code.matchAll(importPattern)].map((match) => match[2] ?? '');
}

/** Node says at each start that this function may change; its version is pinned here, and tests look at what it makes. */
function withoutWarning<T>(run: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}

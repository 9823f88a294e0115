import { refusals, Sv1Error } from './errors.ts';
import { parseVersionMask } from './fields.ts';
import { isRecord } from './line.ts';

/** Texts of the `info` extension that are read, by what they are called in logs. */
const INFO_KEYS = ['connection-url', 'hw-version', 'sw-version', 'hw-id'] as const;
/** Longest text of `info` that is kept. */
const MAX_INFO_CHARACTERS = 128;
/** Extensions that one request may name. */
const MAX_EXTENSIONS = 16;
/** Longest name of an extension: it comes back in the answer. */
const MAX_EXTENSION_CHARACTERS = 64;

/** What is asked of one extension, or words for what is wrong with its parameters (BIP310: the result is a text then). */
export type Asked<T> = { readonly value: T } | { readonly wrong: string };

export interface VersionRolling {
  readonly mask: number;
  /** How many bits the miner needs to run at full speed. */
  readonly minBitCount: number;
}

/** What a miner says in `mining.configure` (BIP310); undefined for what it does not name. */
export interface ConfigureRequest {
  readonly versionRolling: Asked<VersionRolling> | undefined;
  /** 0 takes the bound away. */
  readonly minimumDifficulty: Asked<number> | undefined;
  readonly subscribeExtranonce: boolean;
  readonly info: Readonly<Record<string, string>> | undefined;
  /** Extensions that we do not know; each is answered false. */
  readonly unknown: readonly string[];
}

/** @throws Sv1Error where the shape is not BIP310's */
export function parseConfigure(params: unknown): ConfigureRequest {
  if (!Array.isArray(params)) throw new Sv1Error(refusals.paramsNotArray);
  const [names, options = {}] = params;
  if (!Array.isArray(names) || names.length > MAX_EXTENSIONS || !isRecord(options)) {
    throw new Sv1Error(refusals.badConfigure);
  }
  const asked = new Set(names.map(extensionName));
  return {
    versionRolling: asked.delete('version-rolling') ? versionRolling(options) : undefined,
    minimumDifficulty: asked.delete('minimum-difficulty') ? minimumDifficulty(options) : undefined,
    subscribeExtranonce: asked.delete('subscribe-extranonce'),
    info: asked.delete('info') ? info(options) : undefined,
    unknown: [...asked],
  };
}

function extensionName(name: unknown): string {
  if (typeof name !== 'string' || name === '' || name.length > MAX_EXTENSION_CHARACTERS) {
    throw new Sv1Error(refusals.badConfigure);
  }
  return name;
}

function versionRolling(options: Record<string, unknown>): Asked<VersionRolling> {
  const mask = parseVersionMask(options['version-rolling.mask'] ?? 'ffffffff');
  if (mask === undefined) return { wrong: 'version-rolling.mask must be 8 hex digits' };
  const minBitCount = options['version-rolling.min-bit-count'] ?? 0;
  if (typeof minBitCount !== 'number' || !(minBitCount >= 0)) {
    return { wrong: 'version-rolling.min-bit-count must be a number' };
  }
  return { value: { mask, minBitCount } };
}

function minimumDifficulty(options: Record<string, unknown>): Asked<number> {
  const value = options['minimum-difficulty.value'];
  return typeof value === 'number' && value >= 0
    ? { value }
    : { wrong: 'minimum-difficulty.value must be a number from 0' };
}

function info(options: Record<string, unknown>): Record<string, string> {
  const told: Record<string, string> = {};
  for (const key of INFO_KEYS) {
    const value = options[`info.${key}`];
    if (typeof value === 'string') told[key] = value.slice(0, MAX_INFO_CHARACTERS);
  }
  return told;
}

import { hash } from 'node:crypto';
import { bech32 } from '@scure/base';
import { concatBytes, equalBytes, fromUtf8, quoted, toHex, utf8 } from '../bytes.ts';
import type { Curve } from '../crypto/curve.ts';
import { HashpoolError, messageOf } from '../errors.ts';
import { isLowS, type RecoverableSignature, recoverKey, signRecoverable } from './ecdsa.ts';

/** What the part after `ln` says: on which chain an invoice is to be paid. */
export const invoicePrefixes = { mainnet: 'bc', testnet4: 'tb', signet: 'tbs', regtest: 'bcrt' } as const;
export type InvoiceNetwork = keyof typeof invoicePrefixes;

/** What this project uses of a Lightning invoice (BOLT 11). */
export interface Invoice {
  readonly network: InvoiceNetwork;
  /** Millisatoshis; undefined where the payer chooses. */
  readonly amountMsat: bigint | undefined;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Unix seconds until which it can be paid. */
  readonly expiresAt: number;
  /** 32 bytes. */
  readonly paymentHash: Uint8Array;
  /** 32 bytes. */
  readonly paymentSecret: Uint8Array;
  /** In words, or the hash of the words, 32 bytes. */
  readonly description: string | Uint8Array;
  /** The node that is paid, 33 bytes. */
  readonly payee: Uint8Array;
}

/** Longer ones are refused before they cost anything. */
export const MAX_INVOICE_CHARACTERS = 7_000;

const DEFAULT_EXPIRY_SECONDS = 3600;
const TIMESTAMP_WORDS = 7;
const SIGNATURE_WORDS = 104;
/** Types of tagged fields; the letter that stands for each in an invoice. */
const Tag = {
  hash: 1,
  features: 5,
  expiry: 6,
  description: 13,
  secret: 16,
  payee: 19,
  descriptionHash: 23,
  finalCltv: 24,
};
/** Words of the fields that have one length; of another length they are skipped, as BOLT 11's vectors have it. */
const FIXED_WORDS = new Map([
  [Tag.hash, 52],
  [Tag.secret, 52],
  [Tag.payee, 53],
  [Tag.descriptionHash, 52],
]);
/** Feature bits that a payer may have to know (BOLT 9): onion, secret, parts, metadata, blinded routes and what is about them. */
const KNOWN_FEATURES = new Set([8, 14, 16, 24, 36, 48, 260, 262]);
/** Millisatoshis in one of the multiplier's: a bitcoin has 10^11. */
const MULTIPLIERS = new Map([
  ['', 100_000_000_000n],
  ['m', 100_000_000n],
  ['u', 100_000n],
  ['n', 100n],
]);

/**
 * Reads an invoice and checks its signature.
 * @throws HashpoolError 'bad-invoice' naming what is wrong
 */
export function decodeInvoice(curve: Curve, text: string): Invoice {
  const { prefix, words } = split(text);
  const { network, amountMsat } = readPrefix(prefix);
  if (words.length < TIMESTAMP_WORDS + SIGNATURE_WORDS) throw bad('it is too short');
  const signed = words.slice(0, -SIGNATURE_WORDS);
  const createdAt = Number(numberOf(signed.slice(0, TIMESTAMP_WORDS)));
  const fields = taggedFields(signed.slice(TIMESTAMP_WORDS));
  checkFeatures(fields.get(Tag.features) ?? []);
  const expiry = fields.get(Tag.expiry);
  const lifetime = expiry ? Number(numberOf(expiry)) : DEFAULT_EXPIRY_SECONDS;
  return {
    network,
    amountMsat,
    createdAt,
    expiresAt: Math.min(createdAt + lifetime, Number.MAX_SAFE_INTEGER),
    paymentHash: required(fields, Tag.hash, 'payment hash'),
    paymentSecret: required(fields, Tag.secret, 'payment secret'),
    description: descriptionOf(fields),
    payee: payeeOf(curve, prefix, signed, words.slice(-SIGNATURE_WORDS), fields),
  };
}

/** What an invoice is made of. */
export type NewInvoice = Omit<Invoice, 'payee' | 'description'> & { readonly description: string };

/**
 * Writes and signs an invoice, with the features that every node of today has (BOLT 9: onion, secret, parts).
 * @param secretKey of the payee, 32 bytes; see `signRecoverable` for what it may protect
 * @param nonce 32 fresh random bytes
 */
export function encodeInvoice(
  curve: Curve,
  invoice: NewInvoice,
  secretKey: Uint8Array,
  nonce: Uint8Array,
): string {
  const prefix = `ln${invoicePrefixes[invoice.network]}${amountText(invoice.amountMsat)}`;
  const words = [
    ...fixedWords(BigInt(invoice.createdAt), TIMESTAMP_WORDS),
    ...field(Tag.hash, bech32.toWords(invoice.paymentHash)),
    ...field(Tag.secret, bech32.toWords(invoice.paymentSecret)),
    ...field(Tag.description, bech32.toWords(utf8(invoice.description))),
    ...field(Tag.expiry, minimalWords(BigInt(invoice.expiresAt - invoice.createdAt))),
    ...field(Tag.features, minimalWords((1n << 8n) | (1n << 14n) | (1n << 17n))),
  ];
  const { compact, recovery } = signRecoverable(curve, digestOf(prefix, words), secretKey, nonce);
  const signature = bech32.toWords(concatBytes(compact, Uint8Array.of(recovery)));
  return bech32.encode(prefix, [...words, ...signature], false);
}

function split(text: string): { prefix: string; words: number[] } {
  if (text.length > MAX_INVOICE_CHARACTERS)
    throw bad(`it has more than ${MAX_INVOICE_CHARACTERS} characters`);
  try {
    // The library's type wants to see the separator; its absence is one of the errors that it throws.
    const { prefix, words } = bech32.decode(text as `${string}1${string}`, MAX_INVOICE_CHARACTERS);
    return { prefix, words };
  } catch (cause) {
    throw bad(messageOf(cause), cause);
  }
}

function readPrefix(prefix: string): Pick<Invoice, 'network' | 'amountMsat'> {
  const [, chain, digits, multiplier] = /^ln([a-z]+?)(?:([1-9]\d{0,19})([munp]?))?$/.exec(prefix) ?? [];
  const network = Object.entries(invoicePrefixes).find(([, each]) => each === chain)?.[0];
  if (!isNetwork(network)) throw bad(`its beginning, ${quoted(prefix)}, is no chain and amount`);
  if (digits === undefined || multiplier === undefined) return { network, amountMsat: undefined };
  const amount = BigInt(digits);
  const factor = MULTIPLIERS.get(multiplier);
  if (factor !== undefined) return { network, amountMsat: amount * factor };
  if (amount % 10n !== 0n) throw bad(`its amount, ${digits}p, is a part of a millisatoshi`);
  return { network, amountMsat: amount / 10n };
}

function isNetwork(name: string | undefined): name is InvoiceNetwork {
  return name !== undefined && Object.hasOwn(invoicePrefixes, name);
}

type Fields = ReadonlyMap<number, readonly number[]>;

/** The first sound field of each type. */
function taggedFields(words: readonly number[]): Fields {
  const fields = new Map<number, readonly number[]>();
  for (let at = 0; at < words.length; ) {
    const [type = 0, high = 0, low] = words.slice(at, at + 3);
    const end = at + 3 + 32 * high + (low ?? 0);
    if (low === undefined || end > words.length) throw bad('its last field is cut off');
    const field = words.slice(at + 3, end);
    if (!fields.has(type) && field.length === (FIXED_WORDS.get(type) ?? field.length))
      fields.set(type, field);
    at = end;
  }
  return fields;
}

function required(fields: Fields, tag: number, name: string): Uint8Array {
  const words = fields.get(tag);
  if (words) return bytesOf(words, name);
  throw bad(`it has no ${name}`);
}

function bytesOf(words: readonly number[], name: string): Uint8Array {
  try {
    return bech32.fromWords([...words]);
  } catch (cause) {
    throw bad(`its ${name} does not end at a byte`, cause);
  }
}

function descriptionOf(fields: Fields): string | Uint8Array {
  const inWords = fields.get(Tag.description);
  if (fields.has(Tag.descriptionHash) === (inWords !== undefined)) {
    throw bad('it must have a description or the hash of one');
  }
  if (!inWords) return required(fields, Tag.descriptionHash, 'description hash');
  try {
    return fromUtf8(bytesOf(inWords, 'description'), 'description');
  } catch (cause) {
    throw bad('its description is not UTF-8', cause);
  }
}

function checkFeatures(words: readonly number[]): void {
  const bits = numberOf(words);
  for (let bit = 0; bit < 5 * words.length; bit += 2) {
    if (((bits >> BigInt(bit)) & 1n) === 1n && !KNOWN_FEATURES.has(bit)) {
      throw bad(`it asks for feature ${bit}, which is not known here`);
    }
  }
}

function payeeOf(
  curve: Curve,
  prefix: string,
  signed: readonly number[],
  signatureWords: readonly number[],
  fields: Fields,
): Uint8Array {
  const bytes = bytesOf(signatureWords, 'signature');
  const signature: RecoverableSignature = { compact: bytes.subarray(0, 64), recovery: bytes[64] ?? 4 };
  const named = fields.has(Tag.payee) ? required(fields, Tag.payee, 'payee') : undefined;
  if (named && !isLowS(signature.compact)) throw bad('its signature is not of the standard form');
  try {
    const key = recoverKey(curve, digestOf(prefix, signed), signature);
    if (!named || equalBytes(key, named)) return key;
  } catch (cause) {
    throw bad('its signature is not valid', cause);
  }
  throw bad(`its signature is not by its payee, ${toHex(named)}`);
}

/** SHA-256 of the prefix and the data, filled up to whole bytes with zero bits. 32 bytes. */
function digestOf(prefix: string, words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((5 * words.length) / 8));
  words.forEach((word, i) => {
    for (let bit = 0; bit < 5; bit++) {
      const at = 5 * i + bit;
      if ((word >> (4 - bit)) & 1) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (0x80 >> (at & 7));
    }
  });
  return hash('sha256', concatBytes(utf8(prefix), bytes), 'buffer');
}

/** The shortest way to write an amount. */
function amountText(msat: bigint | undefined): string {
  if (msat === undefined) return '';
  for (const [letter, factor] of MULTIPLIERS) if (msat % factor === 0n) return `${msat / factor}${letter}`;
  return `${msat * 10n}p`;
}

function field(type: number, words: readonly number[]): number[] {
  return [type, words.length >> 5, words.length & 31, ...words];
}

function numberOf(words: readonly number[]): bigint {
  return words.reduce((sum, word) => (sum << 5n) | BigInt(word), 0n);
}

function fixedWords(value: bigint, length: number): number[] {
  return Array.from({ length }, (_, i) => Number((value >> BigInt(5 * (length - 1 - i))) & 31n));
}

function minimalWords(value: bigint): number[] {
  return fixedWords(value, Math.max(1, Math.ceil(value.toString(2).length / 5)));
}

function bad(what: string, cause?: unknown): HashpoolError {
  return new HashpoolError(
    'bad-invoice',
    `no Lightning invoice (BOLT 11): ${what}; ask the payee for another`,
    { cause },
  );
}

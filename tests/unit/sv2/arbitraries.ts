import fc from 'fast-check';
import type { MessageTable, Protocol } from '../../../protocols/sv2/codec.ts';
import { MAX_EMITTED_STRING_BYTES } from '../../../protocols/sv2/types.ts';

/** Sequences and long byte strings are kept short: their limits have tests of their own. */
const MAX_ITEMS = 5;
const MAX_LONG_BYTES = 400;

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const scalars: Record<string, fc.Arbitrary<unknown>> = {
  U8: fc.integer({ min: 0, max: 0xff }),
  U16: fc.integer({ min: 0, max: 0xffff }),
  U24: fc.integer({ min: 0, max: 0xffffff }),
  U32: fc.integer({ min: 0, max: 0xffffffff }),
  U64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  F32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  BOOL: fc.boolean(),
  STR0_255: fc
    .string({ unit: 'grapheme', maxLength: 60 })
    .filter((text) => Buffer.byteLength(text) <= MAX_EMITTED_STRING_BYTES),
  U256: fixed(32),
  PUBKEY: fixed(32),
  SIGNATURE: fixed(64),
  POINT: fixed(33),
  HEADER: fixed(80),
  OUTBOX_ID: fixed(16),
  KEYSET_ID: fixed(33),
  B0_32: bytes(32),
  B0_255: bytes(255),
  B0_64K: bytes(MAX_LONG_BYTES),
  B0_16M: bytes(MAX_LONG_BYTES),
};

/** Values of a field type, found by the name it has in the specification. */
function arbitraryOf(spec: string): fc.Arbitrary<unknown> {
  const scalar = scalars[spec];
  if (scalar !== undefined) return scalar;
  const fixedLength = /^FIXED\((\d+)\)$/.exec(spec)?.[1];
  if (fixedLength !== undefined) return fixed(Number(fixedLength));
  const [, container, item = ''] = /^(OPTION|SEQ0_255|SEQ0_64K)\[(.*)\]$/.exec(spec) ?? [];
  if (container === 'OPTION') return fc.option(arbitraryOf(item));
  if (container !== undefined) return fc.array(arbitraryOf(item), { maxLength: MAX_ITEMS });
  const struct = /^\{(.*)\}$/.exec(spec)?.[1];
  if (struct !== undefined) {
    const fields = struct.split(', ').map((field) => field.split(' ') as [string, string]);
    const values = fields.map(([name, type]) => [name, arbitraryOf(type)]);
    return fc.record(Object.fromEntries(values), { noNullPrototype: true });
  }
  throw new Error(`no arbitrary for ${spec}`);
}

/** All messages of a table: an arbitrary for each, by name. */
export function messagesOf(table: MessageTable): [string, fc.Arbitrary<{ name: string }>][] {
  return Object.entries(table.messages).map(([name, { fields }]) => {
    const values = Object.entries(fields).map(([field, type]) => [field, arbitraryOf(type.spec)] as const);
    return [
      name,
      fc.record({ name: fc.constant(name), ...Object.fromEntries(values) }, { noNullPrototype: true }),
    ];
  });
}

/** Any message of a protocol. */
export function anyMessageOf(protocol: Pick<Protocol<never>, 'tables'>): fc.Arbitrary<{ name: string }> {
  return fc.oneof(...protocol.tables.flatMap(messagesOf).map(([, message]) => message));
}

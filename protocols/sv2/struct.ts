import type { Fields, FieldType, ValuesOf } from './types.ts';
import { atField, type Reader, type Writer } from './wire.ts';

/**
 * A group of named fields in wire order: the payload of a message, or the item of a sequence.
 * @param fields the fields in the order they lie on the wire
 * @param fixed properties that every value read has besides its fields, e.g. a message's name
 */
export function STRUCT<F extends Fields>(
  fields: F,
  fixed: Record<string, unknown> = {},
): FieldType<ValuesOf<F>> {
  const names = Object.keys(fields);
  const types = Object.values(fields);
  // Cloning a value that already has all properties gives every value read the same hidden class.
  const template: Record<string, unknown> = { ...fixed };
  for (const name of names) template[name] = undefined;

  return {
    spec: `{${names.map((name) => `${name} ${fields[name]?.spec}`).join(', ')}}`,
    write(out: Writer, value: ValuesOf<F>) {
      const values: Record<string, unknown> = value;
      let index = 0;
      try {
        for (const type of types) {
          type.write(out, values[names[index] ?? '']);
          index++;
        }
      } catch (error) {
        throw atField(error, names[index]);
      }
    },
    read(from: Reader): ValuesOf<F> {
      const value = { ...template };
      let index = 0;
      try {
        for (const type of types) {
          value[names[index] ?? ''] = type.read(from);
          index++;
        }
      } catch (error) {
        throw atField(error, names[index]);
      }
      return value as ValuesOf<F>;
    },
  };
}

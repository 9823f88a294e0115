/** One metric with its values; labels are few and known. */
export interface Figure {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly values: readonly { readonly labels: Record<string, string>; readonly value: number }[];
}

/** A value without labels; the namespace is put before its name, as below. */
export function gauge(name: string, help: string, value: number): Figure {
  return { name: `hashpool_${name}`, help, type: 'gauge', values: [{ labels: {}, value }] };
}

/** One that only grows, named with _total. */
export function counter(name: string, help: string, value: number): Figure {
  return { name: `hashpool_${name}_total`, help, type: 'counter', values: [{ labels: {}, value }] };
}

/** One with a value for each of its labels. */
export function labelled(
  name: string,
  help: string,
  values: Figure['values'],
  type: Figure['type'] = 'gauge',
): Figure {
  return { name: `hashpool_${name}`, help, type, values };
}

/**
 * A unit for people: `ehash` and the block that opened its epoch, for `hash_02aa…_912345`; others as they are.
 */
export function unitName(unit: string): string {
  const height = /^hash_[0-9a-f]+_(\d+)$/.exec(unit)?.[1];
  return height === undefined ? unit : `ehash, epoch ${height}`;
}

/** Whether a unit is ehash. */
export function isEhash(unit: string): boolean {
  return unit.startsWith('hash_');
}

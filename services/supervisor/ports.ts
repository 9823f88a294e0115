import { HashpoolError } from '../../protocols/errors.ts';
import type { RolesTable } from './roles-table.ts';

/** A port of the table and the number that it has in this run. */
export interface PlacedPort {
  readonly role: string;
  readonly name: string;
  readonly listen: 'open' | 'loopback';
  /** The role listens there only where its config has this key. */
  readonly key: string | undefined;
  readonly standard: number;
  readonly number: number;
}

/**
 * The table's ports, numbered for one run.
 * @param base the first port of the table gets this number, the next one `base + 1`, and so on; without it
 *   each keeps its own
 * @throws HashpoolError 'bad-port-base' where the ports would not fit below 65536
 */
export function placePorts(table: RolesTable, base?: number): PlacedPort[] {
  const ports = table.roles.flatMap((role) =>
    role.ports.map((port) => ({
      role: role.name,
      name: port.name,
      listen: port.listen,
      key: port.key,
      standard: port.number,
    })),
  );
  if (base !== undefined && (base < 1024 || base + ports.length > 65536)) {
    const most = 65536 - ports.length;
    throw new HashpoolError('bad-port-base', `--port-base must be 1024 to ${most}, not ${base}`);
  }
  return ports.map((port, k) => ({ ...port, number: base === undefined ? port.standard : base + k }));
}

/**
 * The number of a role's port.
 * @throws HashpoolError 'unknown-port' where the table has none of that name
 */
export function portOf(ports: readonly PlacedPort[], role: string, name: string): number {
  const port = ports.find((each) => each.role === role && each.name === name);
  if (port === undefined) throw new HashpoolError('unknown-port', `role ${role} has no port ${name}`);
  return port.number;
}

/**
 * A config file's text with every port of the table replaced by its number in this run: after a colon, as in
 * `"127.0.0.1:3338"` and in URLs, and as the value of a key that ends in `port`. Comments stay as they are, and so do
 * the groups of an IPv6 address.
 */
export function shiftPorts(text: string, ports: readonly PlacedPort[]): string {
  const numbers = new Map(ports.map((port) => [String(port.standard), String(port.number)]));
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*#/.test(line)) return line;
      return line.replace(/(:|port\s*=\s*)(\d{4,5})\b(?![:\]])/g, (whole, before: string, number: string) => {
        const shifted = numbers.get(number);
        return shifted === undefined ? whole : before + shifted;
      });
    })
    .join('\n');
}

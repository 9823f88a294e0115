import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
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

const PLACED = Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 65535 }));

/** Writes which port has which number in this run beside its config, for commands that look from outside. */
export function notePorts(config: string, ports: readonly PlacedPort[]): void {
  const numbers = Object.fromEntries(ports.map(({ role, name, number }) => [`${role} ${name}`, number]));
  writeFileSync(join(config, 'ports.json'), `${JSON.stringify(numbers, null, 2)}\n`, { mode: 0o600 });
}

/**
 * What `notePorts` has written, by role and port as in `mint http`; undefined where nothing did.
 * @throws HashpoolError 'bad-ports-file'
 */
export function notedPorts(config: string): ReadonlyMap<string, number> | undefined {
  const file = join(config, 'ports.json');
  if (!existsSync(file)) return undefined;
  try {
    return new Map(Object.entries(Value.Parse(PLACED, JSON.parse(readFileSync(file, 'utf8')))));
  } catch (cause) {
    throw new HashpoolError(
      'bad-ports-file',
      `${file} is not what npm start writes: start the appliance again`,
      { cause },
    );
  }
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
